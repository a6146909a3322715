"""VideoMAE and VideoMAE V2 as their authors released them, onto the names of transformers.

Pretraining files have `encoder.` before the backbone and a decoder beside it; files trained for
classification have neither, and `fc_norm` (backbone kwargs `{pooled_norm: true}`). Queries, keys
and values are one tensor there and three here.
"""

from severe_bench.models.layout import Layout

BLOCK = r"^blocks\.(\d+)\."
OURS = r"model.encoder.layer.\1."

VIDEOMAE = Layout(
    "videomae",
    backbones=("videomae_vit_b", "videomae_vit_s"),
    wrappers=("state_dict", "model", "module"),
    prefixes=("module.", "encoder."),
    leftovers=(r"decoder\..*", r"encoder_to_decoder\..*", r"mask_token", r"head\..*"),
    renames=(
        (r"^patch_embed\.proj\.", "model.embeddings.patch_embeddings.projection."),
        (BLOCK + r"norm1\.", OURS + "layernorm_before."),
        (BLOCK + r"norm2\.", OURS + "layernorm_after."),
        (BLOCK + r"attn\.q_bias$", OURS + "attention.attention.query.bias"),
        (BLOCK + r"attn\.v_bias$", OURS + "attention.attention.value.bias"),
        (BLOCK + r"attn\.qkv\.weight$", OURS + "attention.attention.qkv.weight"),
        (BLOCK + r"attn\.proj\.", OURS + "attention.output.dense."),
        (BLOCK + r"mlp\.fc1\.", OURS + "intermediate.dense."),
        (BLOCK + r"mlp\.fc2\.", OURS + "output.dense."),
        (r"^norm\.", "model.layernorm."),
    ),
    splits=((r"(.*)\.qkv\.weight", (r"\1.query.weight", r"\1.key.weight", r"\1.value.weight")),),
)
