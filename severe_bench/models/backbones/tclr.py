"""R(2+1)D-18 as TCLR modifies it: layer4 keeps twice the time steps.

Dave et al., "TCLR: Temporal Contrastive Learning for Video Representation", CVIU 2022; upstream
code. The first convolution of layer4 is one plain 3 x 3 x 3 of stride 1 and dilation 2 in time, and
the shortcut beside it has stride 1 in time. All else, names too, is torchvision's.
"""

from typing import TYPE_CHECKING, cast

from severe_bench.models.backbone import Backbone
from severe_bench.models.backbones.torchvision_resnets import EPS, MAPS
from severe_bench.models.layouts.tclr import TCLR

if TYPE_CHECKING:
    from torch import nn


def _build() -> "nn.Module":
    from torch import nn
    from torchvision.models import video

    network = cast(nn.Module, video.r2plus1d_18(weights=None))
    network.fc = nn.Identity()
    block = network.get_submodule("layer4.0")
    first, shortcut = block.get_submodule("conv1"), block.get_submodule("downsample")
    if not isinstance(first, nn.Sequential) or not isinstance(shortcut, nn.Sequential):
        raise TypeError("torchvision's R(2+1)D has changed")
    first[0] = _conv(256, 512, (3, 3, 3), padding=(2, 1, 1), dilation=(2, 1, 1))
    shortcut[0] = _conv(256, 512, (1, 1, 1))
    return network


def _conv(
    inside: int,
    outside: int,
    kernel: tuple[int, int, int],
    padding: tuple[int, int, int] = (0, 0, 0),
    dilation: tuple[int, int, int] = (1, 1, 1),
) -> "nn.Module":
    """Halves the sides, keeps the time; initialised as the rest of the network is."""
    from torch import nn

    conv = nn.Conv3d(
        inside, outside, kernel, stride=(1, 2, 2), padding=padding, dilation=dilation, bias=False
    )
    nn.init.kaiming_normal_(conv.weight, mode="fan_out", nonlinearity="relu")
    return conv


TCLR_R2PLUS1D_18 = Backbone(
    "tclr_r2plus1d_18", 512, _build, input=TCLR.input, maps=MAPS, norm_eps=EPS
)
