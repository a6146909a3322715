"""SVT's ViT-B: TimeSformer with divided space-time attention, 8 frames of 224 x 224.

Ranasinghe et al., "Self-supervised Video Transformer", CVPR 2022; Bertasius et al., "Is Space-Time
Attention All You Need for Video Understanding?", ICML 2021.
"""

from typing import TYPE_CHECKING

from severe_bench.models.backbone import Backbone
from severe_bench.models.stages import Stages, grid_of

if TYPE_CHECKING:
    from torch import Tensor, nn


def _build() -> "nn.Module":
    from severe_bench.models.backbones.svt_network import TimeSformer

    return TimeSformer()


def _arranged(output: "Tensor") -> "Tensor":
    """Its tokens lie place by place, each with all its frames, after the class token."""
    return grid_of(output, (PLACES, PLACES, FRAMES), first=1).permute(0, 1, 4, 2, 3)


FRAMES, SIZE, PLACES = 8, 224, 14
MAPS = Stages(("blocks.2", "blocks.5", "blocks.8", "blocks.11", "norm"), _arranged)
SVT_VIT_B = Backbone("svt_vit_b", 768, _build, frames=FRAMES, size=SIZE, maps=MAPS)
