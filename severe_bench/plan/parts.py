"""Datasets and networks of the yaml as parts of jobs: references, places, problems."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from severe_bench.config.entries import DatasetEntry, ModelEntry, PretrainingEntry
from severe_bench.config.prepared import Prepared
from severe_bench.config.schema import Config
from severe_bench.core.digest import file_digest
from severe_bench.core.errors import UserError
from severe_bench.core.frozen import Frozen
from severe_bench.core.registry import nearest
from severe_bench.data.adapter import ADAPTERS, Adapter, Known, Location
from severe_bench.data.missing import MissingList, MissingLists, Videos
from severe_bench.data.prepared import (
    prepared_digest,
    prepared_folder,
    prepared_problems,
    stale_remark,
)
from severe_bench.models.backbone import BACKBONES, Backbone
from severe_bench.models.layout import LAYOUTS
from severe_bench.plan.checkpoints import (
    checkpoint_digest,
    is_checkpoint,
    known_of,
    lacks,
    name_of,
)
from severe_bench.plan.job import DatasetRef, Input, NetworkRef, WeightsRef
from severe_bench.pretrain.method import METHODS

DEFAULT_LAYOUT = "severe"
FACTORY_LAYOUT = "plain"

T = TypeVar("T")

FileDigest = Callable[[Path], str]


@dataclass(frozen=True)
class DatasetPart:
    """A dataset entry as the plan needs it.

    Args:
        made: whether a `dataset` cell makes it.
        problem: why it cannot be read here, or empty.
        known: what can be said of it before it is loaded.
        prepared: how its videos were prepared; None reads the originals.
        prepared_folder: where these lie.
        sizes: number of samples by split, as far as they are known, for estimates.
        missing: samples without a readable video, where leaving them out was asked for.
        remark: what is to be said of it though it can be read.
    """

    name: str
    ref: DatasetRef
    location: Location
    modality: str
    made: bool
    problem: str
    known: Known
    prepared: Prepared | None = None
    prepared_folder: Path | None = None
    sizes: Mapping[str, int] = field(default_factory=dict)
    missing: MissingList | None = None
    remark: str = ""


def dataset_part(config: Config, name: str) -> DatasetPart:
    """Look a dataset up; one that is missing gets a problem and a provisional digest."""
    entry = config.datasets[name]
    adapter = ADAPTERS.get(entry.adapter)
    options = adapter.options.model_validate(entry.options)
    location = _location(config, entry)
    problems = list(adapter.problems(options, location))
    digest, broken = _told(lambda: adapter.digest(options, location), f"unknown:{name}")
    known, damaged = _told(lambda: adapter.known(options, location), Known())
    problems = problems or broken or damaged
    folder, stale = None, ""
    if entry.prepared is not None and location.root is not None:
        folder = _prepared_folder(config, entry, location.root, entry.prepared)
        problems += prepared_problems(folder, location.root, entry.prepared)
        stale = stale_remark(folder, location.root, entry.prepared)
        digest = prepared_digest(digest, entry.prepared)
    missing = None
    if entry.allow_missing and location.root is not None and not problems:
        videos = Videos(digest, location.root, entry.prepared, folder)
        missing = MissingLists().find(videos, lambda: adapter.load(options, location))
        digest = missing.identity(digest)
    ref = DatasetRef(
        adapter=ADAPTERS.stamped(entry.adapter),
        options=options.model_dump(mode="json"),
        digest=digest,
    )
    problem = f"dataset {name}: {'; '.join(problems)}" if problems else ""
    made = adapter.generate is not None
    return DatasetPart(
        name=name,
        ref=ref,
        location=location,
        modality=adapter.modality,
        made=made,
        problem=problem,
        prepared=entry.prepared,
        prepared_folder=folder,
        known=known,
        sizes=_sizes(adapter, options, known.train),
        missing=missing,
        remark=f"dataset {name}: {stale}" if stale and not problems else "",
    )


def _told(ask: Callable[[], T], otherwise: T) -> tuple[T, list[str]]:
    """The answer, and why there is none."""
    try:
        return ask(), []
    except UserError as error:
        return otherwise, [str(error)]


def _sizes(adapter: Adapter[Frozen], options: Frozen, train: int | None) -> dict[str, int]:
    """Samples by split: as counted, else as the official files are known to hold."""
    expected = adapter.expected(options)
    known = {s: c.records for s, c in expected.splits.items() if c.records} if expected else {}
    found: dict[str, int] = {split: count for split, count in known.items() if count is not None}
    return found | ({} if train is None else {"train": train})


def _prepared_folder(config: Config, entry: DatasetEntry, root: Path, how: Prepared) -> Path:
    given = entry.prepared_folder
    return prepared_folder(root, how) if given is None else config.resolve(given)


def _location(config: Config, entry: DatasetEntry) -> Location:
    root = None if entry.root is None else config.resolve(entry.root)
    annotations = root if entry.annotations is None else config.resolve(entry.annotations)
    return Location(root, annotations)


@dataclass(frozen=True)
class NetworkPart:
    """A model entry, for one seed, as the plan needs it.

    Args:
        kind: ssl, supervised, teacher-supervised or none.
        weights_file: of `file` weights.
        weights_cell: id of the cell that makes `pretrain` weights.
        problem: why it cannot be loaded here, or empty.
    """

    ref: NetworkRef
    backbone: Backbone
    kind: str
    weights_file: Path | None
    weights_cell: str | None
    problem: str

    @property
    def norm_eps(self) -> float | None:
        """Of its batch normalisations as it is built; None where that is not known."""
        given: float | None = self.ref.kwargs.get("bn_eps", self.backbone.norm_eps)
        return given


@dataclass(frozen=True)
class Weights:
    """Where a network's weights come from, and what is wrong with that."""

    ref: WeightsRef
    file: Path | None = None
    cell: str | None = None
    problem: str = ""


def network_part(entry: ModelEntry, weights: Weights, kind: str) -> NetworkPart:
    """A network with these weights."""
    backbone, kwargs = BACKBONES.get(entry.architecture), entry.kwargs
    if not weights.problem:
        known = known_of(entry, weights.file)
        backbone, kwargs = known.backbone, known.kwargs
    kwargs = as_pretrained(kwargs, backbone, weights.ref.layout)
    statement, name = input_of(entry, backbone), name_of(entry, backbone)
    ref = NetworkRef(backbone=name, kwargs=kwargs, weights=weights.ref, input=statement)
    problem = weights.problem or lacks(backbone)
    return NetworkPart(ref, backbone, kind, weights.file, weights.cell, problem)


def as_pretrained(kwargs: Mapping[str, Any], backbone: Backbone, layout: str) -> dict[str, Any]:
    """A backbone's arguments with the norms' eps that a checkpoint's layout says, if any does.

    Args:
        kwargs: of the model entry, which win.
        backbone: that is built.
        layout: of the checkpoint; empty without one.
    """
    found = LAYOUTS.get(layout) if layout else None
    if found is None or found.bn_eps is None or backbone.name not in found.backbones:
        return dict(kwargs)
    return {"bn_eps": found.bn_eps, **kwargs}


def with_input(part: NetworkPart, statement: Input) -> NetworkPart:
    """The same network, which reads pixels by another statement."""
    return replace(part, ref=part.ref.model_copy(update={"input": statement}))


def input_of(entry: ModelEntry, backbone: Backbone | None = None) -> Input:
    """How a model reads pixels: its entry says so, else its backbone, else its layout.

    Args:
        entry: of the model.
        backbone: as its checkpoint describes it; where left out, as it is registered.
    """
    layout = None if entry.layout is None else LAYOUTS.get(entry.layout).input
    said = (backbone or BACKBONES.get(entry.architecture)).input
    return entry.input or said or layout or Input()


def random_weights(seed: int) -> Weights:
    """No weights: a random initialisation for each seed."""
    return Weights(WeightsRef(source="none", init_seed=seed))


def file_weights(config: Config, name: str, digest: FileDigest) -> Weights:
    """The checkpoint of a model entry; a missing file gets a problem and a provisional digest."""
    entry = config.models[name]
    path = config.resolve(entry.checkpoint or "")
    if not is_checkpoint(path):
        problem = f"model {name}: no checkpoint at {path}"
        return Weights(_file_ref(entry, f"unknown:{name}"), path, problem=problem)
    try:
        layout = known_of(entry, path).layout
        return Weights(_file_ref(entry, checkpoint_digest(path, digest), layout), path)
    except UserError as error:
        return Weights(_file_ref(entry, f"unknown:{name}"), path, problem=f"model {name}: {error}")


def _file_ref(entry: ModelEntry, digest: str, known: str = "") -> WeightsRef:
    return WeightsRef(source="file", digest=digest, layout=LAYOUTS.stamped(layout_of(entry, known)))


def trial_network(config: Config, name: str) -> NetworkPart:
    """A model entry as one may try it now: weights that are yet to be pretrained are random.

    Raises:
        UserError: no such entry, or its checkpoint is not here.
    """
    if name not in config.models:
        mend = nearest(name, list(config.models))
        raise UserError(f"unknown model {name!r}", str(config.path), mend)
    entry = config.models[name]
    weights = random_weights(0)
    if entry.checkpoint is not None:
        weights = file_weights(config, name, file_digest)
    if weights.problem:
        raise UserError(weights.problem, config.where("models", name), "check its path")
    return network_part(entry, weights, model_kind(config, entry))


def layout_of(entry: ModelEntry, known: str = "") -> str:
    """Of the entry's checkpoint, which may be known from the checkpoint itself."""
    default = DEFAULT_LAYOUT if entry.factory is None else FACTORY_LAYOUT
    return entry.layout or known or default


def method_options(entry: PretrainingEntry) -> dict[str, Any]:
    """A pretraining's options with the method's defaults written out."""
    options = METHODS.get(entry.method).options.model_validate(entry.options)
    return options.model_dump(mode="json")


def model_kind(config: Config, entry: ModelEntry) -> str:
    """What supervision a model had: its provenance says so, else its pretraining method."""
    if entry.provenance is not None:
        return entry.provenance.kind
    if entry.pretrain is not None:
        return METHODS.get(config.pretraining[entry.pretrain].method).kind
    return "none"
