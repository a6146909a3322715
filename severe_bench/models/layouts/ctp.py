"""CtP (Wang et al., CVPR 2021), retrained with torchvision's middle widths (`snellius_...ctp...`).

Weights of the public code have other middle widths, 18 tensors of another shape, and do not fit.
"""

from severe_bench.models.layout import Layout

STEM = (
    (r"^stem\.conv_s\.", "stem.0."),
    (r"^stem\.bn_s\.", "stem.1."),
    (r"^stem\.conv_t\.", "stem.3."),
    (r"^stem\.bn_t\.", "stem.4."),
)
BLOCKS = (
    (r"\.(conv[12])\.conv_s\.", r".\1.0.0."),
    (r"\.(conv[12])\.bn_s\.", r".\1.0.1."),
    (r"\.(conv[12])\.conv_t\.", r".\1.0.3."),
    (r"\.bn([12])\.", r".conv\1.1."),
)
DOWNSAMPLE = (
    (r"\.downsample\.conv\.", ".downsample.0."),
    (r"\.downsample_bn\.", ".downsample.1."),
)
BN_EPS = 1e-3
"""In the upstream code; torchvision's networks and SEVERE use 1e-5."""

CTP = Layout(
    "ctp",
    backbones=("r2plus1d_18",),
    root="backbone.",
    leftovers=(r"head\..*",),
    renames=(*STEM, *BLOCKS, *DOWNSAMPLE),
    bn_eps=BN_EPS,
)
