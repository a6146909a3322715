"""Folders of Hugging Face transformers, with or without a head on the encoder.

Names are those that `save_pretrained` writes; transformers 5 renames some of them while it loads,
and the same renames stand here (its `conversion_mapping.py`).
"""

from severe_bench.models.layout import Layout

INNER = (r"^", "model.")
HEAD = r"(classifier|fc_norm|pooler|head)\..*"

HF = Layout("hf", backbones=("hf_video",), renames=(INNER,))

HF_VIDEOMAE = Layout(
    "hf_videomae",
    backbones=("hf_video",),
    prefixes=("videomae.",),
    leftovers=(r"classifier\..*", r"decoder\..*", r"encoder_to_decoder\..*",
               r"mask_token", r"position_embeddings"),
    renames=((r"\.q_bias$", ".query.bias"), (r"\.v_bias$", ".value.bias"), INNER,
             (r"^model\.fc_norm\.", "fc_norm.")),
)  # fmt: skip

HF_VJEPA2 = Layout(
    "hf_vjepa2",
    backbones=("hf_video",),
    prefixes=("vjepa2.",),
    root="encoder.",
    leftovers=(r"predictor\..*", HEAD),
    renames=(INNER,),
)

HF_TIMESFORMER = Layout(
    "hf_timesformer",
    backbones=("hf_video",),
    prefixes=("timesformer.",),
    leftovers=(HEAD,),
    renames=(INNER,),
)

HF_VIVIT = Layout(
    "hf_vivit",
    backbones=("hf_video",),
    prefixes=("vivit.",),
    leftovers=(HEAD,),
    renames=(
        (r"^encoder\.layer\.", "layers."),
        (r"attention\.attention\.(query|key|value)", r"attention.\1"),
        (r"attention\.query", "attention.q_proj"),
        (r"attention\.key", "attention.k_proj"),
        (r"attention\.value", "attention.v_proj"),
        (r"attention\.output\.dense", "attention.o_proj"),
        (r"intermediate\.dense", "mlp.fc1"),
        (r"(layers\.\d+)\.output\.dense", r"\1.mlp.fc2"),
        INNER,
    ),
)
