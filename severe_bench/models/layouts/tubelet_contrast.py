"""Tubelet-Contrast with R(2+1)D-18 (Thoker et al., ICCV 2023): CtP's names, MoCo's leftovers."""

from severe_bench.models.layout import Layout
from severe_bench.models.layouts.ctp import BLOCKS, BN_EPS, DOWNSAMPLE, STEM

LEFTOVERS = (r"key_encoder\..*", r"(key_)?fc\..*", r"queue", r"queue_ptr")

TUBELET_CONTRAST = Layout(
    "tubelet_contrast",
    backbones=("r2plus1d_18",),
    root="backbone.",
    leftovers=LEFTOVERS,
    renames=(*STEM, *BLOCKS, *DOWNSAMPLE),
    bn_eps=BN_EPS,
)
