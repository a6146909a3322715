"""A model as Hugging Face's `save_pretrained` writes it: a local folder; read as data, light.

Nothing is fetched and nothing in the folder is run: `config.json` says the architecture, the
safetensors files hold the numbers, `preprocessor_config.json` says how pixels become numbers.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from severe_bench.config.network_input import Input
from severe_bench.core.errors import UserError

CONFIG_FILE = "config.json"
INPUT_FILES = ("preprocessor_config.json", "video_preprocessor_config.json")
WEIGHTS = "model.safetensors"
SHARDS = "model-*.safetensors"
TYPE = "model_type"
POOLED_NORM = "pooled_norm"
"""Our key beside theirs: epsilon of the normalisation after the mean, where there is one."""
PIXELS = 255.0

NO_NUMBERS = frozenset(
    {
        "_name_or_path",
        "dtype",
        "id2label",
        "label2id",
        "num_labels",
        "problem_type",
        "torch_dtype",
        "transformers_version",
    }
)
"""Keys of `config.json` that change no feature, and so stay out of a cell's id."""

UNSAFE = ("auto_map", "quantization_config", "attn_implementation", "_attn_implementation")
"""Keys that would bring in foreign code or other arithmetic."""


def is_model_folder(path: Path) -> bool:
    """Whether this is a folder with a `config.json`."""
    return (path / CONFIG_FILE).is_file()


def read_architecture(folder: Path) -> dict[str, Any]:
    """What `config.json` says of the architecture, without labels and notes.

    Raises:
        UserError: it cannot be read, names no type, or asks for the folder's own code.
    """
    content = _json(folder / CONFIG_FILE)
    where = str(folder / CONFIG_FILE)
    unsafe = next((key for key in UNSAFE if content.get(key)), None)
    if unsafe is not None:
        mend = "use a model whose code is part of transformers, or write a factory"
        raise UserError(f"it has {unsafe!r}, which is never followed", where, mend)
    if not isinstance(content.get(TYPE), str):
        raise UserError("it names no model_type", where, "save the model with save_pretrained")
    return {key: value for key, value in content.items() if key not in NO_NUMBERS}


def read_input(folder: Path) -> Input | None:
    """How the model's own processor turns pixels into numbers; None where no file says so.

    Its resizing, cropping and choice of frames are not followed: those are the recipe's.

    Raises:
        UserError: a file that cannot be read.
    """
    path = next((folder / name for name in INPUT_FILES if (folder / name).is_file()), None)
    if path is None:
        return None
    said = _json(path)
    try:
        return _input(said)
    except (TypeError, ValueError, ZeroDivisionError) as error:
        what = f"its mean, deviation or scale cannot be read ({_reason(error)})"
        raise UserError(what, str(path), "state `input` in the model entry") from error


def weight_files(folder: Path) -> tuple[Path, ...]:
    """The safetensors files of the model: one, or several parts.

    Raises:
        UserError: there is none.
    """
    whole = folder / WEIGHTS
    files = (whole,) if whole.is_file() else tuple(sorted(folder.glob(SHARDS)))
    if not files:
        mend = (
            "files that need pickle are not read; where you trust the model, save it again with "
            "save_pretrained, which writes safetensors"
        )
        raise UserError(f"there is no {WEIGHTS}", str(folder), mend)
    return files


def _input(said: Mapping[str, Any]) -> Input:
    """Pixel p / 255 becomes (p * scale - shift - mean) / std, in the processor's words."""
    scale = float(said.get("rescale_factor", 1 / PIXELS)) if said.get("do_rescale", True) else 1.0
    shift = 1.0 if said.get("offset", False) else 0.0
    mean, std = (0.0,) * 3, (1.0,) * 3
    if said.get("do_normalize", True):
        mean, std = _three(said.get("image_mean", 0.5)), _three(said.get("image_std", 0.5))
    whole = scale * PIXELS
    return Input(
        mean=_three([_round((m + shift) / whole) for m in mean]),
        std=_three([_round(s / whole) for s in std]),
    )


def _reason(error: Exception) -> str:
    """In one line, whatever was wrong."""
    return str(error.errors()[0]["msg"] if isinstance(error, ValidationError) else error)


def _three(given: Any) -> tuple[float, float, float]:  # noqa: ANN401 - foreign JSON
    one, two, three = given if isinstance(given, list | tuple) else (given,) * 3
    return float(one), float(two), float(three)


def _round(value: float) -> float:
    """Without the last digits, which come from 1 / 255."""
    return round(value, 9)


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"cannot be read ({error})", str(path), "copy the folder again") from error
    if not isinstance(content, dict):
        raise UserError("not a JSON object", str(path), "copy the folder again")
    return content
