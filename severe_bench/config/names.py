"""Names in benchmarks.yaml: each reference must lead somewhere, in the file or in a registry."""

import inspect
import re
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from severe_bench.adapt.protocol import PROTOCOLS
from severe_bench.config.entries import (
    DatasetEntry,
    ExperimentEntry,
    ModelEntry,
    PretrainingEntry,
)
from severe_bench.config.problems import Problem, parse
from severe_bench.config.yaml_tree import Loc
from severe_bench.core.errors import UserError
from severe_bench.core.registry import Registry, nearest
from severe_bench.data.adapter import ADAPTERS
from severe_bench.models.backbone import BACKBONES, Backbone, described
from severe_bench.models.layout import LAYOUTS
from severe_bench.pretrain.method import METHODS
from severe_bench.tasks.task import TASKS

T = TypeVar("T")

SHARED = "shared"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]*")


def name_problems(section: str, names: Iterable[str]) -> Iterator[Problem]:
    """Names become folder and file names, and must not read as globs."""
    for name in names:
        if not _NAME.fullmatch(name):
            yield Problem((section, name), "bad name", "use letters, digits and . _ + -")
        elif section == "suites" and name == SHARED:
            yield Problem((section, name), "this name is taken by what suites share", "rename it")


def unknown(kind: str, name: str, names: Collection[str], loc: Loc) -> Iterator[Problem]:
    """The problem, if `name` is not one of `names`."""
    if name not in names:
        yield Problem(loc, f"unknown {kind} {name!r}", nearest(name, list(names)))


def dataset_problems(entry: DatasetEntry, loc: Loc) -> Iterator[Problem]:
    """Unknown adapter, options that the adapter does not take, a root where none is needed."""
    adapter = yield from _looked_up(ADAPTERS, entry.adapter, (*loc, "adapter"))
    if adapter is None:
        return
    yield from parse(adapter.options, entry.options, (*loc, "options"))[1]
    if adapter.generate is not None and entry.root is not None:
        yield Problem((*loc, "root"), f"{entry.adapter} makes its own data", "remove root")


def pretraining_problems(
    entry: PretrainingEntry, loc: Loc, datasets: Collection[str], recipes: Collection[str]
) -> Iterator[Problem]:
    """Unknown method, dataset or recipe; options that the method does not take."""
    yield from unknown("dataset", entry.dataset, datasets, (*loc, "dataset"))
    yield from unknown("recipe", entry.recipe, recipes, (*loc, "recipe"))
    method = yield from _looked_up(METHODS, entry.method, (*loc, "method"))
    if method is not None:
        yield from parse(method.options, entry.options, (*loc, "options"))[1]


def model_problems(entry: ModelEntry, loc: Loc, pretraining: Collection[str]) -> Iterator[Problem]:
    """Unknown backbone or pretraining; keyword arguments that the backbone does not take."""
    if entry.pretrain is not None:
        yield from unknown("pretraining", entry.pretrain, pretraining, (*loc, "pretrain"))
    if entry.layout is not None:
        yield from _looked_up(LAYOUTS, entry.layout, (*loc, "layout"))
    key = "backbone" if entry.factory is None else "factory"
    backbone = yield from _looked_up(BACKBONES, entry.architecture, (*loc, key))
    if backbone is not None:
        valid = _keywords(backbone.build)
        for key in entry.kwargs if valid is not None else ():
            yield from unknown("argument", key, valid or (), (*loc, "kwargs", key))
        if entry.checkpoint is None:
            yield from _undescribed(backbone, entry.kwargs, (*loc, key))


def _undescribed(backbone: Backbone, kwargs: Mapping[str, Any], loc: Loc) -> Iterator[Problem]:
    """A backbone without checkpoint whose arguments do not say what it is."""
    try:
        described(backbone, kwargs, None)
    except UserError as error:
        yield Problem(loc, error.what, error.mend)


def experiment_problems(
    entry: ExperimentEntry, loc: Loc, datasets: Collection[str], recipes: Collection[str]
) -> Iterator[Problem]:
    """Unknown dataset, task, protocol, recipe or metric; options that the task does not take."""
    yield from unknown("dataset", entry.dataset, datasets, (*loc, "dataset"))
    for preset, recipe in entry.recipe.items():
        yield from unknown("recipe", recipe, recipes, (*loc, "recipe", preset))
        yield from (Problem((*loc, "recipe"), p.what, p.mend) for p in name_problems("", [preset]))
    protocol = yield from _looked_up(PROTOCOLS, entry.protocol, (*loc, "protocol"))
    task = yield from _looked_up(TASKS, entry.task, (*loc, "task"))
    if task is not None:
        yield from task_option_problems(entry.task, entry.task_options, (*loc, "task_options"))
        if entry.headline is not None:
            yield from unknown("metric", entry.headline, task.metrics, (*loc, "headline"))
        if protocol is not None and (why := protocol.refuses(task)):
            what = f"protocol {entry.protocol} cannot be used: {why}"
            yield Problem((*loc, "protocol"), what, "choose another protocol or task")


def task_option_problems(task: str, given: Mapping[str, Any], loc: Loc) -> list[Problem]:
    """What is wrong with the options that stand at `loc`, for a task that is registered."""
    return parse(TASKS.get(task).options, given, loc)[1]


def _looked_up(registry: Registry[T], name: str, loc: Loc) -> Generator[Problem, None, T | None]:
    """`yield from` this: problems come out, the entry (or None) is returned."""
    try:
        return registry.get(name)
    except UserError as error:
        yield Problem(loc, error.what, error.mend)
        return None


def _keywords(build: Callable[..., object]) -> list[str] | None:
    """The keyword arguments of a function, or None where it takes any."""
    parameters: Mapping[str, inspect.Parameter] = inspect.signature(build).parameters
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return None
    return list(parameters)
