"""What `severe show EXPERIMENT` prints: its recipe, setting by setting, presets side by side."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from severe_bench.config.entries import ExperimentEntry
from severe_bench.config.globs import matches
from severe_bench.config.schema import Config
from severe_bench.config.settings import Settings
from severe_bench.config.suite import Override
from severe_bench.core.errors import UserError
from severe_bench.core.registry import nearest
from severe_bench.plan.grid import Entry, grid, selected
from severe_bench.plan.resolve import experiment_settings, resolve

DIFFERS, ALIKE = "*", " "
LONG = 200
MOST = 3


def settings_by_preset(
    config: Config, experiment: str, preset: str | None, of: tuple[str | None, str | None]
) -> dict[str, Settings]:
    """What an experiment's cells are computed with.

    Args:
        config: the checked yaml.
        experiment: its name.
        preset: one of its presets; all where left out.
        of: model and suite; with both, what the suite overrides for this model is applied.

    Raises:
        UserError: a name that does not exist, or a suite without such a cell.
    """
    known = list(_entry(config, experiment).recipe)
    presets = [preset] if preset else known
    if preset is not None and preset not in known:
        raise UserError(f"unknown preset {preset!r}", "--preset", nearest(preset, known))
    model, suite = of
    if model is None:
        return {name: experiment_settings(config, experiment, name) for name in presets}
    if suite is None:
        mend = f"name one with --suite: {', '.join(config.suites)}"
        raise UserError("overrides stand in suites", "--model", mend)
    entries = grid(config, suite)
    found = resolve(config, suite, entries)
    made = {e.preset: s for e, s in found.items() if (e.model, e.experiment) == (model, experiment)}
    if not made:
        what = f"suite {suite} has no cell of {model} and {experiment}"
        raise UserError(what, "--model", "see `severe plan`")
    return {name: made[name] for name in presets if name in made}


def _entry(config: Config, experiment: str) -> ExperimentEntry:
    if experiment not in config.experiments:
        what = f"no cell and no experiment is called {experiment!r}"
        names = list(config.experiments)
        begun = [name for name in names if name.startswith(f"{experiment}-")]
        mend = f"did you mean {' or '.join(begun[:MOST])}?" if begun else nearest(experiment, names)
        raise UserError(what, str(config.path), mend if len(mend) < LONG else "see `severe plan`")
    return config.experiments[experiment]


def recipe_lines(
    config: Config, experiment: str, settings: Mapping[str, Settings], model: str | None
) -> Iterator[str]:
    """Head, every setting with one column per preset (`*` where they differ), what else holds."""
    entry = config.experiments[experiment]
    words = [entry.factor, entry.dataset, entry.task, entry.protocol]
    yield f"{experiment}: {', '.join(words)}{f', for {model}' if model else ''}"
    for preset in settings:
        recipe = entry.recipe[preset]
        yield f"{preset}: recipe {recipe}, {config.where('recipes', recipe)}"
    yield ""
    yield from _columns({name: flat(made) for name, made in settings.items()})
    others = list(_overrides(config, experiment, settings)) if model is None else []
    if others:
        yield ""
        yield "for single models and presets:"
        yield from others


def flat(settings: Settings) -> dict[str, str]:
    """Every setting by its dotted path, as it stands in a yaml.

    Example:
        >>> from severe_bench.config.recipe import Recipe
        >>> from severe_bench.core.budget import Budget
        >>> flat(Settings(Recipe(), Budget(), {}))["recipe.optimiser.lr"]
        '0.0001'
    """
    recipe = settings.recipe.model_dump(mode="json")
    budget = settings.budget.model_dump(mode="json")
    whole = {"recipe": recipe, "budget": budget, "task_options": dict(settings.task_options)}
    return dict(_leaves(whole, ""))


def _leaves(data: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    for key, value in data.items():
        name = f"{path}.{key}" if path else key
        if isinstance(value, dict):
            yield from _leaves(value, name)
        else:
            yield name, value if isinstance(value, str) else json.dumps(value)


def _columns(settings: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    names = list(dict.fromkeys(name for column in settings.values() for name in column))
    rows = [["setting", *settings]]
    rows += [[name, *(column.get(name, "") for column in settings.values())] for name in names]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    for number, row in enumerate(rows):
        mark = DIFFERS if number and len(set(row[1:])) > 1 else ALIKE
        cells = (f"{text:<{size}}" for text, size in zip(row, widths, strict=True))
        yield f"{mark} {'  '.join(cells)}".rstrip()


def _overrides(config: Config, experiment: str, settings: Mapping[str, Settings]) -> Iterator[str]:
    """One line for each override of any suite that touches these cells."""
    said: dict[str, None] = {}
    for name, suite in config.suites.items():
        if not any(matches(experiment, block.experiments) for block in suite.blocks):
            continue
        entries = [e for e in grid(config, name) if e.experiment == experiment]
        for override in suite.overrides:
            line = _told(config, override, entries, settings)
            said |= {line: None} if line else {}
    yield from said


def _told(
    config: Config, override: Override, entries: list[Entry], settings: Mapping[str, Settings]
) -> str:
    chosen = [e for e in selected(config, override.match, entries) if e.preset in settings]
    if not chosen:
        return ""
    models = list(dict.fromkeys(entry.model for entry in chosen))
    every = len(models) > 1 and {entry.model for entry in entries} == set(models)
    presets = ", ".join(dict.fromkeys(entry.preset for entry in chosen))
    changes = ", ".join(f"{path}: {json.dumps(value)}" for path, value in override.set.items())
    return f"  {presets}, {'every model' if every else ', '.join(models)}: {changes}"
