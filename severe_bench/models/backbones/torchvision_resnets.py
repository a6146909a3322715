"""torchvision's three video ResNets of depth 18, without their classifier.

Tran et al., "A Closer Look at Spatiotemporal Convolutions for Action Recognition", CVPR 2018.
Names of tensors are torchvision's own, less `fc`.
"""

from functools import partial
from typing import TYPE_CHECKING, cast

from severe_bench.models.backbone import Backbone

if TYPE_CHECKING:
    from torch import nn

WIDTH = 512


def _build(name: str) -> "nn.Module":
    from torch import nn
    from torchvision.models import video

    network = cast(nn.Module, getattr(video, name)(weights=None))
    network.fc = nn.Identity()
    return network


R2PLUS1D_18 = Backbone("r2plus1d_18", WIDTH, partial(_build, "r2plus1d_18"))
R3D_18 = Backbone("r3d_18", WIDTH, partial(_build, "r3d_18"))
MC3_18 = Backbone("mc3_18", WIDTH, partial(_build, "mc3_18"))
