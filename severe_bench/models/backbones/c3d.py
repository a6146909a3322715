"""C3D up to its second fully connected layer (`fc7`), for 16 frames of 112 x 112.

Tran et al., "Learning Spatiotemporal Features with 3D Convolutional Networks", ICCV 2015.
"""

from typing import TYPE_CHECKING

from severe_bench.models.backbone import Backbone
from severe_bench.models.stages import Stages

if TYPE_CHECKING:
    from torch import Tensor, nn


def _build() -> "nn.Module":
    from severe_bench.models.backbones.c3d_network import C3d

    return C3d()


def _rectified(output: "Tensor") -> "Tensor":
    """A convolution's output after its ReLU, before the pooling."""
    return output.relu()


MAPS = Stages(("conv1", "conv2", "conv3b", "conv4b", "conv5b"), _rectified)
C3D = Backbone("c3d", 4096, _build, frames=16, size=112, maps=MAPS)
