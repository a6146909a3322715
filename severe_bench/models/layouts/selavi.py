"""SeLaVi (Asano et al., NeurIPS 2020): `selavi_kinetics.pth`.

Kept is the video network; the audio network and the heads of both may be left over.
"""

from severe_bench.models.layout import Layout, outside

ROOT = "video_network.base."

SELAVI = Layout(
    "selavi",
    backbones=("r2plus1d_18",),
    root=ROOT,
    leftovers=(outside(ROOT),),
)
