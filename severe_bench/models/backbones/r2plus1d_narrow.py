"""A narrow R(2+1)D that trains in minutes on one CPU core."""

from typing import TYPE_CHECKING

from severe_bench.models.backbone import Backbone
from severe_bench.models.stages import Stages

if TYPE_CHECKING:
    from torch import nn


def _build() -> "nn.Module":
    from severe_bench.models.backbones.r2plus1d import R2Plus1d

    return R2Plus1d(stem=8, widths=(16, 32, 64))


MAPS = Stages(("stem", "blocks.0", "blocks.1", "blocks.2"))
R2PLUS1D_NARROW = Backbone("r2plus1d_narrow", width=64, build=_build, maps=MAPS)
"""219 thousand parameters; meant for clips of 8 frames of 48 x 48 pixels."""
