"""What the rows of the features are that an experiment's probes read."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from severe_bench.adapt.protocol import PROTOCOLS
from severe_bench.adapt.unit import UNITS
from severe_bench.config.recipe import Recipe
from severe_bench.core.digest import canonical_json
from severe_bench.core.record import SPLITS, Split
from severe_bench.tasks.task import TASKS

LINEAR = "linear"
"""The one protocol that the recipe's `probe` is about."""


@dataclass(frozen=True)
class RowKind:
    """A unit of features with its options, the views of training videos, and which splits are read.

    `key` is equal for equal ones.
    """

    unit: str
    options: Mapping[str, Any]
    train_views: Literal["train", "test"]
    splits: tuple[Split, ...]
    key: str


def row_kind(
    task: str, task_options: Mapping[str, Any], protocol: str, recipe: Recipe
) -> RowKind | None:
    """The features that a protocol reads for a task; None where it reads clips.

    Args:
        task: registered name.
        task_options: as in the yaml, already checked.
        protocol: registered name.
        recipe: a linear probe may be asked to read clips.
    """
    asked = TASKS.get(task)
    how = PROTOCOLS.get(protocol)
    if how.reads == "clips" or asked.unit is None:
        return None
    if protocol == LINEAR and recipe.probe.reads == "clips":
        return None
    options = asked.unit_options(asked.options.model_validate(dict(task_options)))
    unit = how.unit or asked.unit
    views = UNITS.get(unit).train_views or how.train_views
    unread = asked.train_features == "standardise" and not recipe.standardise
    splits: tuple[Split, ...] = ("test",) if unread else SPLITS
    key = f"{unit} {canonical_json(options)} {views} {' '.join(splits)}"
    return RowKind(unit, options, views, splits, key)
