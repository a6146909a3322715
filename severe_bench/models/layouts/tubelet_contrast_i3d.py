"""Tubelet-Contrast with I3D: the backbone's own names; all else may be left over."""

from severe_bench.models.layout import Layout, outside

ROOT = "backbone."

TUBELET_I3D = Layout(
    "tubelet_contrast_i3d", backbones=("i3d",), root=ROOT, leftovers=(outside(ROOT),)
)
