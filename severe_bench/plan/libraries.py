"""Code of other packages of which only a part of the source is in the ids of cells."""

from collections.abc import Iterable, Iterator
from typing import Any

from severe_bench.adapt.protocol import PROTOCOLS
from severe_bench.adapt.unit import UNITS
from severe_bench.config.entries import ExperimentEntry, ModelEntry
from severe_bench.config.schema import Config
from severe_bench.core.errors import UserError
from severe_bench.core.registry import Registry
from severe_bench.data.adapter import ADAPTERS
from severe_bench.models.backbone import BACKBONES
from severe_bench.models.factory import SEPARATOR, find_factory
from severe_bench.models.layout import LAYOUTS
from severe_bench.plan.grid import Entry
from severe_bench.pretrain.method import METHODS
from severe_bench.tasks.task import TASKS

Named = tuple[Registry[Any], str]
"""A registry and a name in it."""


def library_notes(config: Config, entries: Iterable[Entry]) -> tuple[str, ...]:
    """One line for each model whose factory is in a library, and for each library of plug-ins.

    A factory that is not here has its own line.
    """
    chosen = tuple(entries)
    models = {name: config.models[name] for name in dict.fromkeys(e.model for e in chosen)}
    tests = [config.experiments[name] for name in dict.fromkeys(e.experiment for e in chosen)]
    used = dict.fromkeys((*_of_experiments(config, tests), *_of_models(config, models.values())))
    return (*_of_factories(config, models), *_of_plug_ins(used))


def _of_factories(config: Config, models: dict[str, ModelEntry]) -> Iterator[str]:
    for name, entry in models.items():
        library = _library(entry.architecture)
        if library is not None:
            yield (
                f"{config.where('models', name)}: {entry.architecture} is in a library: of its "
                f"source, cells know the one module and the version ({library}), not changes of "
                "other files"
            )


def _library(architecture: str) -> str | None:
    try:
        place = BACKBONES.get(architecture).name
        return find_factory(place).library if SEPARATOR in place else None
    except UserError:
        return None


def _of_plug_ins(used: Iterable[Named]) -> Iterator[str]:
    found: dict[str, list[str]] = {}
    for registry, name in used:
        library = registry.library(name)
        if library is not None:
            found.setdefault(library, []).append(f"{registry.kind} {name}")
    for library, entries in found.items():
        yield (
            f"plug-ins in a library, {', '.join(entries)}: of its source, cells know the module "
            f"of each and the version ({library}), not changes of other files"
        )


def _of_experiments(config: Config, entries: Iterable[ExperimentEntry]) -> Iterator[Named]:
    for entry in entries:
        yield from _of_dataset(config, entry.dataset)
        yield TASKS, entry.task
        yield PROTOCOLS, entry.protocol
        protocol = PROTOCOLS.get(entry.protocol)
        unit = protocol.unit or TASKS.get(entry.task).unit
        if protocol.reads == "features" and unit is not None:
            yield UNITS, unit


def _of_models(config: Config, entries: Iterable[ModelEntry]) -> Iterator[Named]:
    for entry in entries:
        yield BACKBONES, entry.architecture
        if entry.layout is not None:
            yield LAYOUTS, entry.layout
        if entry.pretrain is not None:
            how = config.pretraining[entry.pretrain]
            yield METHODS, how.method
            yield from _of_dataset(config, how.dataset)


def _of_dataset(config: Config, name: str) -> Iterator[Named]:
    entry = config.datasets[name]
    yield ADAPTERS, entry.adapter
    if entry.adapter == "procedural":
        from severe_bench.data.procedural.worlds import WORLDS

        yield WORLDS, str(entry.options["world"])
