"""Model folders as `save_pretrained` writes them: tiny, randomly initialised."""

from pathlib import Path
from typing import Any

import torch

SMALL = {
    "hidden_size": 16,
    "num_hidden_layers": 4,
    "num_attention_heads": 2,
    "intermediate_size": 32,
}
CONFIGS: dict[str, dict[str, Any]] = {
    "videomae": {**SMALL, "image_size": 32, "patch_size": 8, "num_frames": 4,
                 "use_mean_pooling": False},
    "vjepa2": {"hidden_size": 24, "num_hidden_layers": 4, "num_attention_heads": 2,
               "crop_size": 32, "patch_size": 8, "frames_per_clip": 4, "pred_hidden_size": 12,
               "pred_num_hidden_layers": 1, "pred_num_attention_heads": 2},
    "timesformer": {**SMALL, "image_size": 32, "patch_size": 8, "num_frames": 4},
    "vivit": {**SMALL, "image_size": 32, "tubelet_size": [2, 8, 8], "num_frames": 4},
}  # fmt: skip


def made(kind: str, head: str = "", **changes: object) -> Any:
    """Transformers' own model, its numbers drawn from seed 0 and none of them zero."""
    import transformers

    config = transformers.AutoConfig.for_model(kind, **{**CONFIGS[kind], **changes})
    torch.manual_seed(0)
    model = getattr(transformers, f"AutoModel{head}").from_config(config)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    return model.eval()


def saved(folder: Path, kind: str, head: str = "", shard: str = "50GB", **changes: object) -> Any:
    """Likewise, written to a folder; the model is returned."""
    model = made(kind, head, **changes)
    model.save_pretrained(folder, max_shard_size=shard)
    return model
