"""SVT (Ranasinghe et al., CVPR 2022): the teacher's backbone, as upstream's evaluation takes it."""

from severe_bench.models.layout import Layout

SVT = Layout(
    "svt",
    backbones=("svt_vit_b",),
    wrappers=("teacher", "state_dict", "model"),
    root="backbone.",
    leftovers=(r"head\..*", r"backbone\.head\..*"),
)
