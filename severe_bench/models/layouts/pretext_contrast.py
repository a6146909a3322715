"""Pretext-Contrast (Tao et al., 2020): `pcl_r2p1d_res_ssl.pt`.

Its R(2+1)D is a sequence of children: number 0 is the stem, 1 to 4 are the layers.
"""

from severe_bench.models.layout import Layout

CHILDREN = ((r"^0\.", "stem."), (r"^([1-4])\.", r"layer\1."))

PRETEXT_CONTRAST = Layout(
    "pretext_contrast",
    backbones=("r2plus1d_18",),
    root="base_network.",
    leftovers=(r"fc\..*", r"projector\..*"),
    renames=CHILDREN,
)
