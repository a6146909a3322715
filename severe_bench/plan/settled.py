"""What of a cell's settings stands in its job: all that can change the number, and nothing else."""

from collections.abc import Mapping
from typing import Any

from severe_bench.config.conditions import without_unread
from severe_bench.config.recipe import Numerics, Recipe
from severe_bench.tasks.task import TASKS


def settled_options(task: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """A task's options with those written out that the file leaves at their defaults.

    A default that changes in code then changes the ids of the cells that it holds for.

    Args:
        task: registered name.
        given: as in the yaml, already checked.
    """
    options = TASKS.get(task).options.model_validate(dict(given))
    written: dict[str, Any] = options.model_dump(mode="json")
    return written


def settled_recipe(recipe: Recipe, *, reads_clips: bool, norm_eps: float | None = None) -> Recipe:
    """A recipe with its default wherever another setting makes one idle.

    Args:
        recipe: after all overrides.
        reads_clips: whether the network runs in training, not on cached features.
        norm_eps: that the network is built with; None: not known.
    """
    read = without_unread(recipe)
    changes: dict[str, Any] = {"numerics": settled_numerics(recipe.numerics, norm_eps)}
    if reads_clips:
        changes["feature_views"] = 1
    return read.model_copy(update=changes)


def settled_numerics(numerics: Numerics, norm_eps: float | None) -> Numerics:
    """Without an eps that the network is built with anyway."""
    if norm_eps is None or numerics.norm_eps != norm_eps:
        return numerics
    return numerics.model_copy(update={"norm_eps": None})
