"""torchvision's three video ResNets of depth 18 and R(2+1)D-34, without their classifier.

Tran et al., "A Closer Look at Spatiotemporal Convolutions for Action Recognition", CVPR 2018.
Names of tensors are torchvision's own, less `fc`.
"""

from functools import partial
from typing import TYPE_CHECKING, cast

from severe_bench.models.backbone import Backbone
from severe_bench.models.stages import Stages

if TYPE_CHECKING:
    from torch import nn

WIDTH = 512
EPS = 1e-5
MAPS = Stages(("stem", "layer1", "layer2", "layer3", "layer4"))


def _build(name: str, *, bn_eps: float = EPS) -> "nn.Module":
    from torch import nn
    from torchvision.models import video

    from severe_bench.models.batch_norm import set_eps

    network = cast(nn.Module, getattr(video, name)(weights=None))
    network.fc = nn.Identity()
    return set_eps(network, bn_eps)


def _build_34(*, bn_eps: float = EPS) -> "nn.Module":
    from torch import nn
    from torchvision.models.video import resnet

    from severe_bench.models.batch_norm import set_eps

    makers, stem = [resnet.Conv2Plus1D] * 4, resnet.R2Plus1dStem
    network = cast(nn.Module, resnet.VideoResNet(resnet.BasicBlock, makers, [3, 4, 6, 3], stem))
    network.fc = nn.Identity()
    return set_eps(network, bn_eps)


R2PLUS1D_18 = Backbone(
    "r2plus1d_18", WIDTH, partial(_build, "r2plus1d_18"), maps=MAPS, norm_eps=EPS
)
R3D_18 = Backbone("r3d_18", WIDTH, partial(_build, "r3d_18"), maps=MAPS, norm_eps=EPS)
MC3_18 = Backbone("mc3_18", WIDTH, partial(_build, "mc3_18"), maps=MAPS, norm_eps=EPS)
R2PLUS1D_34 = Backbone("r2plus1d_34", WIDTH, _build_34, maps=MAPS, norm_eps=EPS)
