"""`extends: other` between recipes: a deep merge."""

from collections.abc import Mapping
from typing import Any

from severe_bench.config.problems import Problem
from severe_bench.core.registry import nearest

KEY = "extends"


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`base` with `over` on top: mappings merge key by key, anything else is replaced.

    Example:
        >>> merged({"a": {"x": 1, "y": 2}, "b": [1]}, {"a": {"y": 3}, "b": []})
        {'a': {'x': 1, 'y': 3}, 'b': []}
    """
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            result[key] = merged(below, value)
        else:
            result[key] = value
    return result


def extend(section: str, entries: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """Resolve `extends` in every entry of a section; entries in trouble are left out.

    Returns the merged entries and what is wrong: unknown bases, circles, entries that are no
    mapping.
    """
    done: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, entry in entries.items():
        if not isinstance(entry, Mapping):
            problems.append(Problem((section, name), "expected a mapping"))
            continue
        problem = _trouble(section, name, entries)
        if problem is not None:
            problems.append(problem)
        else:
            done[name] = _resolved(name, entries)
    return done, problems


def _trouble(section: str, name: str, entries: Mapping[str, Any]) -> Problem | None:
    loc, trail = (section, name, KEY), [name]
    while isinstance(entries[trail[-1]], Mapping) and KEY in entries[trail[-1]]:
        base = entries[trail[-1]][KEY]
        if not isinstance(base, str) or base not in entries:
            return Problem(loc, f"unknown recipe {base!r}", nearest(str(base), list(entries)))
        if base in trail:
            return Problem(loc, f"goes in a circle: {' -> '.join([*trail, base])}")
        trail.append(base)
    return None


def _resolved(name: str, entries: Mapping[str, Any]) -> dict[str, Any]:
    own = {key: value for key, value in entries[name].items() if key != KEY}
    base = entries[name].get(KEY)
    return own if base is None else merged(_resolved(base, entries), own)
