"""The model entries of a benchmarks.yaml: where their weights come from, and are they here."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from severe_bench.config.entries import ModelEntry, Provenance
from severe_bench.config.schema import Config
from severe_bench.core.digest import file_digest
from severe_bench.core.errors import UserError
from severe_bench.core.frozen import Frozen
from severe_bench.plan.checkpoints import checkpoint_digest, is_checkpoint, known_of
from severe_bench.plan.parts import layout_of, model_kind


class ListedModel(Frozen):
    """A row of `severe models list`.

    Args:
        weights: `file`, `pretrain` (made inside the grid) or `none`.
        source: paper, URL or command, as the entry says.
        checkpoint: path of the file on this machine.
        found: whether it is there; None where no file is needed.
        digest: SHA-256 of the file, or of the model folder's weights.
        problem: why a model folder that is there cannot be read; empty where all is well.
    """

    name: str
    backbone: str
    weights: str
    method: str
    kind: str
    pretraining_set: str
    modality: str
    source: str
    checkpoint: str | None = None
    layout: str | None = None
    found: bool | None = None
    digest: str | None = None
    problem: str = ""


@dataclass(frozen=True)
class Reading:
    """A way to read a checkpoint: its layout, and the backbone with its arguments.

    Args:
        entry: the model entry that says so; empty: none does.
    """

    layout: str
    backbone: str
    kwargs: dict[str, Any] = field(default_factory=dict)
    entry: str = ""


def readings_of(config: Config, file: Path) -> tuple[Reading, ...]:
    """How the model entries of a file read it; factories, which would be imported, are left out."""
    return tuple(
        Reading(layout_of(entry), entry.backbone, entry.kwargs, name)
        for name, entry in config.models.items()
        if entry.backbone is not None and _is_of(config, entry, file)
    )


def _is_of(config: Config, entry: ModelEntry, file: Path) -> bool:
    path = None if entry.checkpoint is None else config.resolve(entry.checkpoint)
    return path is not None and path.exists() and path.samefile(file)


def listed_models(config: Config) -> Iterator[ListedModel]:
    """Every model entry, in the order of the file."""
    for name, entry in config.models.items():
        yield _listed(config, name, entry)


def _listed(config: Config, name: str, entry: ModelEntry) -> ListedModel:
    kind = model_kind(config, entry)
    origin = entry.provenance or Provenance.model_validate({"kind": kind})
    path = None if entry.checkpoint is None else config.resolve(entry.checkpoint)
    file = None if path is None else _file(entry, path)
    return ListedModel(
        name=name,
        backbone=entry.architecture,
        weights=_weights(entry),
        method=origin.method or (entry.pretrain or ""),
        kind=kind,
        pretraining_set=origin.pretraining_set or _made_on(config, entry),
        modality=origin.modality,
        source=origin.source,
        checkpoint=None if path is None else str(path),
        layout=None if file is None else file.layout,
        found=None if path is None else is_checkpoint(path),
        digest=None if file is None else file.digest,
        problem="" if file is None else file.problem,
    )


@dataclass(frozen=True)
class _File:
    layout: str
    digest: str | None = None
    problem: str = ""


def _file(entry: ModelEntry, path: Path) -> _File:
    if not is_checkpoint(path):
        return _File(layout_of(entry))
    try:
        layout = layout_of(entry, known_of(entry, path).layout)
        return _File(layout, checkpoint_digest(path, file_digest))
    except UserError as error:
        return _File(layout_of(entry), problem=str(error))


def _weights(entry: ModelEntry) -> str:
    if entry.checkpoint is not None:
        return "file"
    return "none" if entry.pretrain is None else "pretrain"


def _made_on(config: Config, entry: ModelEntry) -> str:
    return "" if entry.pretrain is None else config.pretraining[entry.pretrain].dataset
