"""I3D: Inception v1 inflated to three dimensions, without its classifier.

Carreira and Zisserman, "Quo Vadis, Action Recognition?", CVPR 2017. Names of tensors are those of
the port that Tubelet-Contrast and SEVERE use (`conv3d_1a_7x7`, `mixed_3b.branch_0`, ...).
"""

from typing import TYPE_CHECKING

from severe_bench.models.backbone import Backbone

if TYPE_CHECKING:
    from torch import nn


def _build() -> "nn.Module":
    from severe_bench.models.backbones.i3d_network import I3d

    return I3d()


I3D = Backbone("i3d", 1024, _build)
