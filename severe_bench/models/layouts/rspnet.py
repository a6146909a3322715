"""RSPNet (Chen et al., AAAI 2021), retrained by SEVERE's authors (`snellius_...epoch_200`).

RSPNet's own public R(2+1)D weights are another network and do not fit.
"""

from severe_bench.models.layout import Layout, outside
from severe_bench.models.layouts.pretext_contrast import CHILDREN

ROOT = "encoder_q.encoder.base_network."
"""Of the query encoder; its linear layers, the key encoder and the queue may be left over."""

RSPNET = Layout(
    "rspnet",
    backbones=("r2plus1d_18",),
    root=ROOT,
    leftovers=(outside(ROOT),),
    renames=CHILDREN,
)
