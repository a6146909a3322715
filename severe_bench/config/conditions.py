"""Settings of a recipe that are read only where another setting has a certain value."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from severe_bench.config.recipe import Recipe


@dataclass(frozen=True)
class Condition:
    """When some settings are read.

    Args:
        paths: `part.name` of each setting.
        holds: whether a recipe reads them.
        words: what it has to say for that.
    """

    paths: tuple[str, ...]
    holds: Callable[[Recipe], bool]
    words: str


CONDITIONS = (
    Condition(
        ("clip.stride", "test.stride"),
        lambda r: r.clip.sampling == "stride",
        "clip.sampling: stride",
    ),
    Condition(("clip.rate",), lambda r: r.clip.sampling == "seconds", "clip.sampling: seconds"),
    Condition(
        ("test.starts",),
        lambda r: r.clip.sampling in {"stride", "seconds"},
        "clip.sampling: stride or seconds",
    ),
    Condition(
        ("augment.area", "augment.ratio"), lambda r: r.augment.crop == "area", "augment.crop: area"
    ),
    Condition(
        ("augment.scales",), lambda r: r.augment.crop == "multiscale", "augment.crop: multiscale"
    ),
    Condition(
        ("augment.short_side", "augment.law"),
        lambda r: r.augment.crop == "short_side",
        "augment.crop: short_side",
    ),
    Condition(
        ("schedule.milestones", "schedule.gamma"),
        lambda r: r.schedule.kind == "multistep",
        "schedule.kind: multistep",
    ),
    Condition(
        ("schedule.warmup_lr",),
        lambda r: r.schedule.warmup_epochs > 0,
        "schedule.warmup_epochs above 0",
    ),
    Condition(
        ("selection.every", "selection.clips"),
        lambda r: r.selection.model == "best_test",
        "selection.model: best_test",
    ),
)


def unread(recipe: Recipe) -> Iterator[tuple[str, Condition]]:
    """Each setting that a recipe does not read, and when it would.

    Example:
        >>> [path for path, _ in unread(Recipe()) if path.startswith("clip")]
        ['clip.rate']
    """
    for condition in CONDITIONS:
        if not condition.holds(recipe):
            for path in condition.paths:
                yield path, condition


def without_unread(recipe: Recipe) -> Recipe:
    """A recipe with its default wherever another setting makes one idle.

    The stride of `linear` clips stays: ids that results were stored under hold it.
    """
    changes: dict[str, Any] = {}
    for path, _ in unread(recipe):
        if path == "clip.stride" and recipe.clip.sampling == "linear":
            continue
        name, key = path.split(".")
        part = changes.get(name, getattr(recipe, name))
        default = type(part).model_fields[key].default
        changes[name] = part.model_copy(update={key: default})
    return recipe.model_copy(update=changes) if changes else recipe
