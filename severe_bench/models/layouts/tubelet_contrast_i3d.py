"""Tubelet-Contrast with I3D: the backbone's own names, MoCo's leftovers."""

from severe_bench.models.layout import Layout
from severe_bench.models.layouts.tubelet_contrast import LEFTOVERS

TUBELET_I3D = Layout(
    "tubelet_contrast_i3d", backbones=("i3d",), root="backbone.", leftovers=LEFTOVERS
)
