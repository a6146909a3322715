"""Tubelet-Contrast with R3D-18: the names of CtP's code for unfactored convolutions."""

from severe_bench.models.layout import Layout
from severe_bench.models.layouts.ctp import BN_EPS, DOWNSAMPLE
from severe_bench.models.layouts.tubelet_contrast import LEFTOVERS

TUBELET_R3D = Layout(
    "tubelet_contrast_r3d",
    backbones=("r3d_18",),
    root="backbone.",
    leftovers=LEFTOVERS,
    renames=(
        (r"^stem\.conv\.", "stem.0."),
        (r"^stem\.bn\.", "stem.1."),
        (r"\.(conv[12])\.conv\.", r".\1.0."),
        (r"\.bn([12])\.", r".conv\1.1."),
        *DOWNSAMPLE,
    ),
    bn_eps=BN_EPS,
)
