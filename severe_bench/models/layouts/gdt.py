"""GDT (Patrick et al., ICCV 2021): `gdt_K400.pth`; saved without `module.`.

SeLaVi's network descends from it, so the names differ only in the heads: one `mlp_v`, one `mlp_a`.
"""

from severe_bench.models.layout import Layout

GDT = Layout(
    "gdt",
    backbones=("r2plus1d_18",),
    root="video_network.base.",
    leftovers=(r"audio_network\..*", r"mlp_[av]\..*"),
)
