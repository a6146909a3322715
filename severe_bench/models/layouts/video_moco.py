"""VideoMoCo (Pan et al., CVPR 2021): `r2plus1D_checkpoint_0199.pth.tar`; MoCo's names."""

from severe_bench.models.layout import Layout
from severe_bench.models.layouts.moco import LEFTOVERS

VIDEO_MOCO = Layout(
    "video_moco", backbones=("r2plus1d_18",), root="encoder_q.", leftovers=LEFTOVERS
)
