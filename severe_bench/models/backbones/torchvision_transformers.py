"""torchvision's video transformers, without their classifier.

Fan et al., "Multiscale Vision Transformers", ICCV 2021; Li et al., "MViTv2", CVPR 2022; Liu et al.,
"Video Swin Transformer", CVPR 2022. The input statements are those of the transforms that
torchvision ships with the Kinetics weights.
"""

from functools import partial
from typing import TYPE_CHECKING, cast

from severe_bench.config.network_input import Input
from severe_bench.models.backbone import Backbone

if TYPE_CHECKING:
    from torch import nn

GREY = Input(mean=(0.45, 0.45, 0.45), std=(0.225, 0.225, 0.225))
IMAGENET = Input()


def _build(name: str) -> "nn.Module":
    from torch import nn
    from torchvision.models import video

    network = cast(nn.Module, getattr(video, name)(weights=None))
    network.head = nn.Identity()
    return network


def _mvit(name: str) -> Backbone:
    return Backbone(name, 768, partial(_build, name), frames=16, size=224, input=GREY)


MVIT_V1_B, MVIT_V2_S = _mvit("mvit_v1_b"), _mvit("mvit_v2_s")
SWIN3D_T = Backbone("swin3d_t", 768, partial(_build, "swin3d_t"), input=IMAGENET)
SWIN3D_S = Backbone("swin3d_s", 768, partial(_build, "swin3d_s"), input=IMAGENET)
SWIN3D_B = Backbone("swin3d_b", 1024, partial(_build, "swin3d_b"), input=IMAGENET)
