"""VideoMAE's ViT-S and ViT-B, 16 frames of 224 x 224; transformers has the network.

Tong et al., "VideoMAE: Masked Autoencoders are Data-Efficient Learners for Self-Supervised Video
Pre-Training", NeurIPS 2022; Wang et al., "VideoMAE V2", CVPR 2023. Layer normalisation's epsilon is
that of the authors' code. `kwargs: {pooled_norm: true}` is the network of files that were trained
for classification (V2's distilled ones too): no normalisation of tokens, one of their mean.
"""

from functools import partial
from typing import TYPE_CHECKING, Any

from severe_bench.config.network_input import Input
from severe_bench.models.backbone import Backbone
from severe_bench.models.backbones.hf_video import PACKAGE
from severe_bench.models.model_folder import POOLED_NORM

if TYPE_CHECKING:
    from torch import nn

FRAMES, SIZE, EPS = 16, 224, 1e-6


def _build(width: int, heads: int, *, pooled_norm: bool = False) -> "nn.Module":
    from severe_bench.models.backbones.hf_network import HfVideo

    config: dict[str, Any] = {
        "model_type": "videomae",
        "hidden_size": width,
        "num_attention_heads": heads,
        "intermediate_size": 4 * width,
        "num_hidden_layers": 12,
        "num_frames": FRAMES,
        "image_size": SIZE,
        "layer_norm_eps": EPS,
        "use_mean_pooling": pooled_norm,
        POOLED_NORM: EPS if pooled_norm else 0.0,
    }
    return HfVideo(config)


def _vit(name: str, width: int, heads: int) -> Backbone:
    build = partial(_build, width, heads)
    return Backbone(name, width, build, "rgb", FRAMES, SIZE, Input(), requires=PACKAGE)


VIDEOMAE_VIT_S = _vit("videomae_vit_s", 384, 6)
VIDEOMAE_VIT_B = _vit("videomae_vit_b", 768, 12)
