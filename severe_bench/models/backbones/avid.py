"""The R(2+1)D-18 of AVID-CMA's public code: an unfactored stem, equal middle widths, max pooling.

Morgado et al., "Audio-Visual Instance Discrimination with Cross-Modal Agreement", CVPR 2021; names
of tensors are those of the public code (`models/video.py`).
"""

from typing import TYPE_CHECKING

from severe_bench.models.backbone import Backbone
from severe_bench.models.stages import Stages

if TYPE_CHECKING:
    from torch import nn


def _build() -> "nn.Module":
    from severe_bench.models.backbones.avid_network import AvidR2Plus1d

    return AvidR2Plus1d()


MAPS = Stages(("conv1", "conv2x", "conv3x", "conv4x", "conv5x"))
AVID_R2PLUS1D_18 = Backbone("avid_r2plus1d_18", 512, _build, maps=MAPS)
