"""AVID-CMA as its authors published it: an R(2+1)D with an unfactored stem, our `avid_r2plus1d_18`.

SEVERE's loader matches none of these names and goes on with random weights.
"""

from severe_bench.models.layout import Layout, outside
from severe_bench.models.layouts.avid_cma import ROOT

AVID_CMA_PUBLIC = Layout(
    "avid_cma_public",
    backbones=("avid_r2plus1d_18",),
    root=ROOT,
    leftovers=(outside(ROOT),),
)
