"""I3D: Inception v1 inflated to three dimensions, without its classifier.

Carreira and Zisserman, "Quo Vadis, Action Recognition?", CVPR 2017. Names of tensors are those of
the port that Tubelet-Contrast and SEVERE use (`conv3d_1a_7x7`, `mixed_3b.branch_0`, ...).
"""

from typing import TYPE_CHECKING

from severe_bench.models.backbone import Backbone
from severe_bench.models.stages import Stages

if TYPE_CHECKING:
    from torch import nn


def _build() -> "nn.Module":
    from severe_bench.models.backbones.i3d_network import I3d

    return I3d()


MAPS = Stages(("conv3d_1a_7x7", "conv3d_2c_3x3", "mixed_3c", "mixed_4f", "mixed_5c"))
I3D = Backbone("i3d", 1024, _build, maps=MAPS)
