"""RSPNet (Chen et al., AAAI 2021), retrained by SEVERE's authors (`snellius_...epoch_200`).

RSPNet's own public R(2+1)D weights are another network and do not fit.
"""

from severe_bench.models.layout import Layout
from severe_bench.models.layouts.pretext_contrast import CHILDREN

RSPNET = Layout(
    "rspnet",
    backbones=("r2plus1d_18",),
    root="encoder_q.encoder.base_network.",
    leftovers=(
        r"encoder_q\.(encoder\.linear|fc1|fc2)\..*",
        r"encoder_k\..*",
        r"queue.*",
    ),
    renames=CHILDREN,
)
