"""torchvision's video transformers, without their classifier.

Fan et al., "Multiscale Vision Transformers", ICCV 2021; Li et al., "MViTv2", CVPR 2022; Liu et al.,
"Video Swin Transformer", CVPR 2022. The input statements are those of the transforms that
torchvision ships with the Kinetics weights.
"""

from functools import partial
from typing import TYPE_CHECKING, cast

from severe_bench.config.network_input import Input
from severe_bench.models.backbone import Backbone
from severe_bench.models.stages import Grid, Stages, channels_last, grid_of

if TYPE_CHECKING:
    from torch import Tensor, nn

GREY = Input(mean=(0.45, 0.45, 0.45), std=(0.225, 0.225, 0.225))
IMAGENET = Input()


def _build(name: str) -> "nn.Module":
    from torch import nn
    from torchvision.models import video

    network = cast(nn.Module, getattr(video, name)(weights=None))
    network.head = nn.Identity()
    return network


def _arranged(output: "Tensor | tuple[Tensor, Grid]") -> "Tensor":
    """A block of MViT says its grid; the last normalisation has that of 16 frames of 224 x 224."""
    tokens, grid = output if isinstance(output, tuple) else (output, LAST_GRID)
    return grid_of(tokens, grid, first=1)


def _mvit(name: str) -> Backbone:
    stages = Stages(("blocks.0", "blocks.2", "blocks.13", "blocks.15", "norm"), _arranged)
    build = partial(_build, name)
    return Backbone(name, 768, build, frames=16, size=224, input=GREY, maps=stages)


def _swin(name: str, width: int) -> Backbone:
    stages = Stages(("features.0", "features.2", "features.4", "features.6", "norm"), channels_last)
    return Backbone(name, width, partial(_build, name), input=IMAGENET, maps=stages)


LAST_GRID = (8, 7, 7)
MVIT_V1_B, MVIT_V2_S = _mvit("mvit_v1_b"), _mvit("mvit_v2_s")
SWIN3D_T, SWIN3D_S = _swin("swin3d_t", 768), _swin("swin3d_s", 768)
SWIN3D_B = _swin("swin3d_b", 1024)
