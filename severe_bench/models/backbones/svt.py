"""SVT's ViT-B: TimeSformer with divided space-time attention, 8 frames of 224 x 224.

Ranasinghe et al., "Self-supervised Video Transformer", CVPR 2022; Bertasius et al., "Is Space-Time
Attention All You Need for Video Understanding?", ICML 2021.
"""

from typing import TYPE_CHECKING

from severe_bench.models.backbone import Backbone

if TYPE_CHECKING:
    from torch import nn


def _build() -> "nn.Module":
    from severe_bench.models.backbones.svt_network import TimeSformer

    return TimeSformer()


SVT_VIT_B = Backbone("svt_vit_b", 768, _build, frames=8, size=224)
