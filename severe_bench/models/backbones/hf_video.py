"""Video encoders of Hugging Face transformers: VideoMAE, V-JEPA 2, TimeSformer, ViViT, others.

The architecture is what a model folder's `config.json` says (`checkpoint: path/to/folder` in the
model entry), or `kwargs: {config: {...}}` for random weights. Our clips and transforms are used,
never the model's own processor.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from severe_bench.core.errors import UserError
from severe_bench.models.backbone import Backbone, Described
from severe_bench.models.model_folder import POOLED_NORM, TYPE, read_architecture, read_input

if TYPE_CHECKING:
    from torch import nn

PACKAGE = "transformers"
NAME = "hf_video"
HEADED = "ForVideoClassification"
HEAD_EPS = 1e-5
"""Of the normalisation of the mean in transformers' `VideoMAEForVideoClassification`."""

ANY_NUMBER_OF_FRAMES = {"vjepa2"}
"""Types that turn positions (rotary embeddings), and so read clips of any length."""
SIZES = ("image_size", "crop_size")


def _build(*, config: dict[str, Any] | None = None) -> "nn.Module":
    from severe_bench.models.backbones.hf_network import HfVideo

    if not config:
        mend = "give `checkpoint: path/to/folder`, or `kwargs: {config: {model_type: ...}}`"
        raise UserError("the architecture is not stated", NAME, mend)
    return HfVideo(config)


def _described(kwargs: Mapping[str, Any], folder: Path | None) -> Described:
    """Arguments with the folder's `config.json` written out, the entry's own `config` over it."""
    found = {} if folder is None else read_architecture(folder)
    heads = found.pop("architectures", None) or [""]
    config = {**found, **kwargs.get("config", {})}
    if config.get("use_mean_pooling") and str(heads[0]).endswith(HEADED):
        config = {POOLED_NORM: HEAD_EPS, **config}
    if not isinstance(config.get(TYPE), str):
        mend = "give `checkpoint: path/to/folder`, or `kwargs: {config: {model_type: ...}}`"
        raise UserError("the architecture is not stated", NAME, mend)
    backbone = Backbone(
        NAME,
        None,
        _build,
        frames=frames_of(config),
        size=size_of(config),
        input=None if folder is None else read_input(folder),
        requires=PACKAGE,
    )
    return Described(backbone, {"config": config}, layout_of(config))


def frames_of(config: Mapping[str, Any]) -> int | None:
    """Frames that the architecture reads; None for any number."""
    frames = config.get("num_frames")
    fixed = isinstance(frames, int) and config.get(TYPE) not in ANY_NUMBER_OF_FRAMES
    return frames if fixed else None


def size_of(config: Mapping[str, Any]) -> int | None:
    """Side of the square frames that the architecture reads, in pixels; None where not stated."""
    given = next((config[key] for key in SIZES if key in config), None)
    side = given[0] if isinstance(given, list | tuple) and len(set(given)) == 1 else given
    return side if isinstance(side, int) else None


def layout_of(config: Mapping[str, Any]) -> str:
    """How the folder's tensor names map to the network's."""
    own = {"videomae", "vjepa2", "timesformer", "vivit"}
    kind = config.get(TYPE)
    return f"hf_{kind}" if kind in own else "hf"


HF_VIDEO = Backbone(NAME, None, _build, requires=PACKAGE, describe=_described)
