"""SeLaVi (Asano et al., NeurIPS 2020): `selavi_kinetics.pth`; audio network and heads are left."""

from severe_bench.models.layout import Layout

SELAVI = Layout(
    "selavi",
    backbones=("r2plus1d_18",),
    root="video_network.base.",
    leftovers=(r"audio_network\..*", r"mlp_[av]\d*\..*"),
)
