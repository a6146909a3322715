"""Checkpoint files: read without running anything in them, written atomically."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import torch
from pydantic import ValidationError
from torch import Tensor, nn

from severe_bench.core.atomic import write_bytes
from severe_bench.core.errors import UserError
from severe_bench.core.frozen import Frozen
from severe_bench.models.layout import LAYOUTS, Layout
from severe_bench.models.match import match, slots_of
from severe_bench.models.naming import Named, translate
from severe_bench.models.reading import StateDict, read_checkpoint, unwrapped

FORMAT = 1


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
    """A backbone's tensors by the backbone's names, and their origin where the file states it.

    Args:
        strays: names in the file that the layout has no place for.
    """

    tensors: StateDict
    metadata: Metadata | None
    strays: tuple[str, ...] = ()


def save_checkpoint(
    path: Path, tensors: Mapping[str, Tensor], metadata: Metadata, *, dtype: torch.dtype
) -> None:
    """Write one of this package's own checkpoint files, atomically.

    The same content gives the same bytes: `torch.save` would write a file's name into it.

    Args:
        path: ends in `.pt` by custom.
        tensors: by the backbone's names.
        metadata: stored as a JSON string, so that the file holds tensors and strings only.
        dtype: of floating tensors in the file: float32, or float16 for half the size.
    """
    stored = {name: _stored(tensor, dtype) for name, tensor in tensors.items()}
    content = {"state_dict": stored, "metadata": metadata.model_dump_json()}
    stream = BytesIO()
    torch.save(content, stream)
    write_bytes(path, stream.getvalue())


def load_checkpoint(path: Path, layout: str) -> Checkpoint:
    """Read a checkpoint file; floating tensors come back as float32, on the CPU.

    Raises:
        UserError: missing or damaged file, a file that needs pickle, no tensors in it, or an
            unknown layout.
    """
    rules = LAYOUTS.get(layout, str(path))
    return checkpoint_of(read_checkpoint(path), rules, path)


def checkpoint_of(content: Mapping[str, object], layout: Layout, path: Path) -> Checkpoint:
    """What was read from `path`, under a layout.

    Raises:
        UserError: no tensors in it, or no metadata where the layout is `severe`.
    """
    metadata = _metadata(content, path) if layout.name == "severe" else None
    named = translate(unwrapped(content, layout, str(path)), layout)
    return Checkpoint(named.tensors, metadata, named.strays)


def load_into(
    network: nn.Module,
    tensors: StateDict,
    where: str,
    strays: tuple[str, ...] = (),
    mend: str = "take the one that it was made for",
) -> None:
    """Load `tensors` into `network`; every name, shape and type has to match.

    Args:
        network: on any device.
        tensors: by the network's names.
        where: the file, for the message.
        strays: names in the file that have no place; any is an error.
        mend: what to do where it does not fit.

    Raises:
        UserError: listing the first missing, unexpected and mis-shaped names; or numbers that are
            none.
    """
    found = match(Named(tensors, strays), slots_of(network.state_dict()))
    if not found.ok:
        what = f"the checkpoint does not fit the backbone ({found})"
        raise UserError(what, where, mend)
    _require_numbers(network, tensors, where)
    network.load_state_dict(tensors)


def _require_numbers(network: nn.Module, tensors: StateDict, where: str) -> None:
    """Refuse NaN, and infinity but in buffers: a mask may be made of it."""
    trained = {name for name, _ in network.named_parameters()}
    broken = [
        name
        for name, tensor in tensors.items()
        if tensor.is_floating_point()
        and not bool((tensor.isfinite() if name in trained else ~tensor.isnan()).all())
    ]
    if broken:
        what = f"{len(broken)} of its tensors hold NaN or infinity, first {broken[0]}"
        raise UserError(what, where, "take a checkpoint from before training diverged")


def _stored(tensor: Tensor, dtype: torch.dtype) -> Tensor:
    tensor = tensor.detach().cpu()
    return (tensor.to(dtype) if tensor.is_floating_point() else tensor).contiguous().clone()


def _metadata(content: Mapping[str, object], path: Path) -> Metadata:
    try:
        return Metadata.model_validate(json.loads(str(content["metadata"])))
    except (KeyError, ValueError, ValidationError):
        mend = "name the file's own layout in the model entry, e.g. layout: torchvision"
        raise UserError("not a checkpoint of severe", str(path), mend) from None
