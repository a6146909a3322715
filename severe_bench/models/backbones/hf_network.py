"""Encoders of Hugging Face transformers behind our interface: clips in, one vector each out."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from torch import Tensor, nn

from severe_bench.core.errors import UserError
from severe_bench.models.model_folder import POOLED_NORM, TYPE
from severe_bench.models.stages import Stages, grid_of

INSTALL = "install the extra: pip install 'severe-bench[hub]'"
INNER = "model"


@dataclass(frozen=True)
class _Kind:
    """What differs between the types.

    Args:
        part: submodule of transformers' model that is the encoder; empty: all of it.
        blocks: list of its blocks.
        class_token: whether the first token is one, which then is the feature, as in the type's
            own classifier; else the mean of all tokens is.
        by_place: tokens lie place by place, each with all its frames, not frame by frame.
    """

    part: str = ""
    blocks: str = "encoder.layer"
    class_token: bool = False
    by_place: bool = False


KINDS = {
    "videomae": _Kind(),
    "vjepa2": _Kind(part="encoder", blocks="layer"),
    "timesformer": _Kind(class_token=True, by_place=True),
    "vivit": _Kind(blocks="layers", class_token=True),
}


class HfVideo(nn.Module):
    """An encoder by its configuration, randomly initialised; its tensors begin with `model.`.

    Args:
        config: as in `config.json`. `pooled_norm` adds a layer normalisation of this epsilon after
            the mean, `fc_norm`, which VideoMAE has in models trained for classification.

    Raises:
        UserError: transformers is not installed, or does not know such an encoder.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        plain = {key: value for key, value in config.items() if key != POOLED_NORM}
        self.kind = KINDS.get(str(config[TYPE]))
        whole = _encoder(plain)
        self.reads: str = whole.main_input_name
        self.model = whole.get_submodule(self.kind.part) if self.kind else whole
        width, eps = whole.config.hidden_size, config.get(POOLED_NORM)
        self.fc_norm = nn.LayerNorm(width, float(eps)) if eps else None
        self.grid = None if self.kind is None else _side(whole.config)

    def forward(self, clips: Tensor) -> Tensor:
        """Clips (B, 3, T, H, W), float and normalised, to features (B, D)."""
        tokens = _tokens(self.model(**{self.reads: clips.transpose(1, 2)}))
        if self.kind is not None and self.kind.class_token:
            return tokens[:, 0]
        pooled = tokens.mean(dim=1)
        return pooled if self.fc_norm is None else self.fc_norm(pooled)

    @property
    def stages(self) -> Stages | None:
        """Every third block and the normalised end; None for types whose tokens are unknown."""
        if self.kind is None or self.grid is None:
            return None
        blocks = len(list(self.model.get_submodule(self.kind.blocks).children()))
        names = (f"{INNER}.{self.kind.blocks}.{i}" for i in range(2, blocks, 3))
        return Stages((*names, INNER), partial(_arranged, self.kind, self.grid))


def _encoder(config: Mapping[str, Any]) -> Any:  # noqa: ANN401 - foreign class
    os.environ["HF_HUB_OFFLINE"] = "1"  # before the import, which reads it
    try:
        from transformers import AutoConfig, AutoModel
    except ImportError as error:
        raise UserError("transformers is not installed", mend=INSTALL) from error
    options = {key: value for key, value in config.items() if key != TYPE}
    try:
        described = AutoConfig.for_model(config[TYPE], **options)
        model = AutoModel.from_config(described, trust_remote_code=False)
    except (ValueError, KeyError, TypeError, OSError) as error:
        what = f"transformers cannot build it: {str(error).strip().splitlines()[0]}"
        raise UserError(what, str(config[TYPE]), "check config.json, or write a factory") from error
    if getattr(model, "pooler", None) is not None and config[TYPE] in KINDS:
        model.pooler = None  # a head of its own: features come before it
    return model


def _tokens(output: Any) -> Tensor:  # noqa: ANN401 - foreign class
    tokens = getattr(output, "last_hidden_state", None)
    if not isinstance(tokens, Tensor) or tokens.dim() != 3:
        what = f"the encoder returns {type(output).__name__} without tokens (B, P, C)"
        raise UserError(what, mend="write a factory that returns features (B, D)")
    return tokens


def _arranged(kind: _Kind, side: int, output: Any) -> Tensor:  # noqa: ANN401 - foreign class
    """Tokens of a block (a tensor, or first of a tuple) or of the whole encoder, as maps."""
    if hasattr(output, "last_hidden_state"):
        tokens = _tokens(output)
    else:
        tokens = output[0] if isinstance(output, tuple) else output
    first = int(kind.class_token)
    if kind.by_place:
        return grid_of(tokens, (side, side, -1), first).permute(0, 1, 4, 2, 3)
    return grid_of(tokens, (-1, side, side), first)


def _side(config: Any) -> int:  # noqa: ANN401 - foreign class
    """Patches along a frame's side."""
    size = getattr(config, "image_size", None) or config.crop_size
    patch = getattr(config, "patch_size", None) or config.tubelet_size[-1]
    one_size = size[0] if isinstance(size, list | tuple) else size
    one_patch = patch[0] if isinstance(patch, list | tuple) else patch
    return int(one_size) // int(one_patch)
