"""AVID-CMA (Morgado et al., CVPR 2021), retrained by SEVERE's authors with torchvision's R(2+1)D.

The public file is another network: see `avid_cma_public`.
"""

from severe_bench.models.layout import Layout

LEFTOVERS = (r"(audio_model|audio_proj|video_proj)\..*",)

AVID_CMA = Layout("avid_cma", backbones=("r2plus1d_18",), root="video_model.", leftovers=LEFTOVERS)
