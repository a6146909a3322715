"""AVID-CMA (Morgado et al., CVPR 2021), retrained by SEVERE's authors with torchvision's R(2+1)D.

The public file is another network: see `avid_cma_public`.
"""

from severe_bench.models.layout import Layout, outside

ROOT = "video_model."
"""The audio model and the projections of both may be left over."""

AVID_CMA = Layout("avid_cma", backbones=("r2plus1d_18",), root=ROOT, leftovers=(outside(ROOT),))
