"""What an override may set, and setting it."""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from severe_bench.config.problems import Problem, parse
from severe_bench.config.recipe import Recipe
from severe_bench.config.yaml_tree import Loc
from severe_bench.core.budget import Budget
from severe_bench.core.registry import nearest

_ROOTS = ("recipe", "budget", "task_options")


@dataclass(frozen=True)
class Settings:
    """What overrides may change in a cell."""

    recipe: Recipe
    budget: Budget
    task_options: Mapping[str, Any]


def path_problem(path: str, recipes: Mapping[str, Any], value: object) -> tuple[str, str] | None:
    """What is wrong with a dotted path as such, and the way out; None where it can be set.

    Example:
        >>> path_problem("recipe.optimizer.lr", {}, 0.1)
        ('unknown setting recipe.optimizer', 'did you mean optimiser?')
    """
    root, *rest = path.split(".")
    if root not in _ROOTS or (root == "task_options" and len(rest) != 1):
        return f"unknown setting {path}", "set recipe.*, budget.* or task_options.*"
    if path == "recipe" and not (isinstance(value, str) and value in recipes):
        return f"unknown recipe {value!r}", nearest(str(value), list(recipes))
    if root == "task_options":
        return None
    return _field_problem(Recipe if root == "recipe" else Budget, root, rest)


def _field_problem(model: object, at: str, rest: list[str]) -> tuple[str, str] | None:
    for step in rest:
        fields = getattr(model, "model_fields", {})
        if step not in fields:
            return f"unknown setting {at}.{step}", nearest(step, list(fields))
        model, at = fields[step].annotation, f"{at}.{step}"
    return None


def apply(
    settings: Settings, changes: Mapping[str, Any], recipes: Mapping[str, Recipe], loc: Loc
) -> tuple[Settings, list[Problem]]:
    """Set each dotted path of `changes`; `loc` is where they stand in the file.

    Short paths come first, whatever the order in the file, so that a whole recipe does not undo
    what stands beside it.

    Returns the new settings (the old ones where something is wrong) and what is wrong.
    """
    parts: dict[str, Any] = {
        "recipe": settings.recipe.model_dump(mode="json"),
        "budget": settings.budget.model_dump(mode="json"),
        "task_options": deepcopy(dict(settings.task_options)),
    }
    for path, value in sorted(changes.items(), key=lambda change: change[0].count(".")):
        root, *rest = path.split(".")
        if path == "recipe":
            parts[root] = recipes[value].model_dump(mode="json")
        elif not rest:
            parts[root] = deepcopy(value)
        else:
            _put(parts[root], rest, value)
    return _checked(settings, parts, changes, loc)


def _put(data: object, path: list[str], value: object) -> None:
    """Set `path` below `data`, unless a change above it is no mapping, which parsing refuses."""
    for step in path[:-1]:
        data = data.get(step) if isinstance(data, dict) else None
    if isinstance(data, dict):
        data[path[-1]] = deepcopy(value)


def _checked(
    settings: Settings, parts: Mapping[str, Any], changes: Mapping[str, Any], loc: Loc
) -> tuple[Settings, list[Problem]]:
    models: dict[str, type[BaseModel]] = {"recipe": Recipe, "budget": Budget}
    made: dict[str, Any] = {"task_options": parts["task_options"]}
    problems: list[Problem] = []
    for root, model in models.items():
        made[root], wrong = parse(model, parts[root], (root,))
        problems += [Problem((*loc, _path_of(p.loc, changes)), p.what, p.mend) for p in wrong]
    return (settings, problems) if problems else (Settings(**made), [])


def _path_of(loc: Loc, changes: Mapping[str, Any]) -> str:
    """The change that a problem at `loc` comes from: the longest path that leads to it."""
    full = ".".join(map(str, loc))
    leading = [path for path in changes if f"{full}.".startswith(f"{path}.")]
    below = [path for path in changes if path.startswith(f"{full}.")]
    return max(leading, key=len, default=below[0] if below else next(iter(changes)))
