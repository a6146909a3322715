"""A setting that takes several values: one experiment of each."""

from collections.abc import Mapping
from typing import Any

from severe_bench.config.problems import Problem

SWEEP = "sweep"


def each_value(experiments: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """Experiment entries with each that has a sweep replaced by one per value.

    An entry `frames` with `sweep: {4: {recipe.clip.frames: 4}, 8: {recipe.clip.frames: 8}}` becomes
    `frames-4` and `frames-8`, whose `set` holds these beside what the entry itself sets.
    """
    found: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, entry in experiments.items():
        if not isinstance(entry, dict) or SWEEP not in entry:
            found[name] = entry
            continue
        made, wrong = _made(name, entry, {**experiments, **found})
        found |= made
        problems += wrong
    return found, problems


def _made(
    name: str, entry: Mapping[str, Any], taken: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Problem]]:
    loc, sweep = ("experiments", name, SWEEP), entry[SWEEP]
    if not isinstance(sweep, dict) or not sweep:
        mend = "e.g. {4: {recipe.clip.frames: 4}}"
        return {}, [Problem(loc, "expected a mapping of names to settings", mend)]
    plain = {key: value for key, value in entry.items() if key != SWEEP}
    given = plain.get("set") or {}
    made: dict[str, Any] = {}
    problems: list[Problem] = []
    for word, settings in sweep.items():
        if not isinstance(settings, dict) or not isinstance(given, dict):
            problems.append(Problem((*loc, word), "expected a mapping of settings"))
        elif f"{name}-{word}" in taken:
            what = f"there is an experiment {f'{name}-{word}'!r} already"
            problems.append(Problem((*loc, word), what, "rename"))
        else:
            made[f"{name}-{word}"] = {**plain, "set": {**given, **settings}}
    return made, problems
