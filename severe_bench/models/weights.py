"""Checkpoint files: read without running anything in them, written atomically."""

import json
import pickle
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zipfile import BadZipFile

import torch
from pydantic import ValidationError
from torch import Tensor, nn

from severe_bench.core.atomic import atomic_path
from severe_bench.core.errors import UserError
from severe_bench.core.frozen import Frozen
from severe_bench.models.layouts import LAYOUTS, Layout

FORMAT = 1
SHOWN = 3
"""Names listed in a message before it is cut short."""

StateDict = dict[str, Tensor]


class Metadata(Frozen):
    """Where a checkpoint of this package comes from.

    Args:
        format: version of the file's structure.
        method: pretraining method.
        backbone: registry name.
        recipe: the pretraining job as data: method options, recipe, seed, dataset.
        dataset: digest of the pretraining set.
        seed: of the pretraining run.
        torch: version that wrote it.
    """

    format: int = FORMAT
    method: str
    backbone: str
    recipe: dict[str, object]
    dataset: str
    seed: int
    torch: str


@dataclass(frozen=True)
class Checkpoint:
    """A backbone's tensors by the backbone's names, and their origin where the file states it."""

    tensors: StateDict
    metadata: Metadata | None


def save_checkpoint(
    path: Path, tensors: Mapping[str, Tensor], metadata: Metadata, *, dtype: torch.dtype
) -> None:
    """Write one of this package's own checkpoint files, atomically.

    Args:
        path: ends in `.pt` by custom.
        tensors: by the backbone's names.
        metadata: stored as a JSON string, so that the file holds tensors and strings only.
        dtype: of floating tensors in the file: float32, or float16 for half the size.
    """
    stored = {name: _stored(tensor, dtype) for name, tensor in tensors.items()}
    content = {"state_dict": stored, "metadata": metadata.model_dump_json()}
    with atomic_path(path) as temporary:
        torch.save(content, temporary)


def load_checkpoint(path: Path, layout: str) -> Checkpoint:
    """Read a checkpoint file; floating tensors come back as float32, on the CPU.

    Raises:
        UserError: missing or damaged file, a file that needs pickle, no tensors in it, or an
            unknown layout.
    """
    rules = LAYOUTS.get(layout, str(path))
    content = _read(path)
    metadata = _metadata(content, path) if layout == "severe" else None
    return Checkpoint(translate(_unwrap(content, rules, path), rules), metadata)


def translate(tensors: Mapping[str, Tensor], layout: Layout) -> StateDict:
    """Apply a layout's rules to names; floating tensors become float32.

    Example:
        >>> translate({"module.fc.bias": torch.zeros(1)}, LAYOUTS.get("torchvision"))
        {}
    """
    translated: StateDict = {}
    for original, tensor in tensors.items():
        name = original
        for prefix in layout.prefixes:
            name = name.removeprefix(prefix)
        if any(re.fullmatch(pattern, name) for pattern in layout.leftovers):
            continue
        for pattern, replacement in layout.renames:
            name = re.sub(pattern, replacement, name)
        translated[name] = tensor.float() if tensor.is_floating_point() else tensor
    return translated


def load_into(network: nn.Module, tensors: StateDict, where: str) -> None:
    """Load `tensors` into `network`; every name and shape has to match.

    Raises:
        UserError: listing the first missing, unexpected and mis-shaped names.
    """
    expected = network.state_dict()
    faults = {
        "missing": [name for name in expected if name not in tensors],
        "unexpected": [name for name in tensors if name not in expected],
        "of another shape": [
            f"{name} {tuple(tensor.shape)} instead of {tuple(expected[name].shape)}"
            for name, tensor in tensors.items()
            if name in expected and tensor.shape != expected[name].shape
        ],
    }
    found = [f"{len(names)} {kind}: {_some(names)}" for kind, names in faults.items() if names]
    if found:
        what = f"the checkpoint does not fit the backbone ({'; '.join(found)})"
        raise UserError(what, where, "check the model entry's backbone and layout")
    network.load_state_dict(tensors)


def _stored(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    tensor = tensor.detach().cpu()
    return (tensor.to(dtype) if tensor.is_floating_point() else tensor).contiguous().clone()


def _read(path: Path) -> Mapping[str, object]:
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise UserError("no such checkpoint", str(path), "check the path") from None
    except pickle.UnpicklingError:
        mend = (
            "if you trust its origin, load it once with torch.load(..., weights_only=False) and "
            "save its state dict alone with torch.save"
        )
        raise UserError("the checkpoint needs pickle to be read", str(path), mend) from None
    except (RuntimeError, EOFError, BadZipFile, OSError) as error:
        what = f"the checkpoint cannot be read ({type(error).__name__})"
        raise UserError(what, str(path), "copy or download it again") from error
    if not isinstance(content, Mapping):
        raise UserError("the checkpoint holds no state dict", str(path), "save a state dict")
    return content


def _unwrap(content: Mapping[str, object], layout: Layout, path: Path) -> StateDict:
    key = next((key for key in layout.wrappers if isinstance(content.get(key), Mapping)), None)
    if key is not None:
        inner = content[key]
        assert isinstance(inner, Mapping)  # noqa: S101 - narrows the type, checked above
        return _unwrap(inner, layout, path)
    tensors = {name: value for name, value in content.items() if isinstance(value, Tensor)}
    if not tensors:
        raise UserError("no tensors in the checkpoint", str(path), "check the layout")
    return tensors


def _metadata(content: Mapping[str, object], path: Path) -> Metadata:
    try:
        return Metadata.model_validate(json.loads(str(content["metadata"])))
    except (KeyError, ValueError, ValidationError):
        mend = "name the file's own layout in the model entry, e.g. layout: torchvision"
        raise UserError("not a checkpoint of severe", str(path), mend) from None


def _some(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
