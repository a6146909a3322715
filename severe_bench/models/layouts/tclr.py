"""TCLR (Dave et al., CVIU 2022): `rpd18kin400.pth`; our `tclr_r2plus1d_18`, whose layer4 deviates.

Frames come from OpenCV as they are: blue first, in [0, 1], not normalised (upstream README and
data loaders).
"""

from severe_bench.config.network_input import Input
from severe_bench.models.layout import Layout

TCLR = Layout(
    "tclr",
    backbones=("tclr_r2plus1d_18",),
    root="0.",
    leftovers=(r"0\.fc\..*", r"1\..*"),
    input=Input(mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0), channels="BGR"),
)
