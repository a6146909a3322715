"""The recipe, budget and task options of each entry, after overrides."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from severe_bench.config.errors import UserErrors
from severe_bench.config.names import task_option_problems
from severe_bench.config.problems import Problem
from severe_bench.config.schema import Config
from severe_bench.config.settings import Settings, apply
from severe_bench.config.suite import Override
from severe_bench.config.yaml_tree import Loc
from severe_bench.core.errors import UserError
from severe_bench.plan.grid import Entry, own_grid, refuse_idle, selected


def resolve(config: Config, suite: str, entries: Iterable[Entry]) -> dict[Entry, Settings]:
    """Settings by entry; entries with the same overrides share one object.

    An experiment's own `set` comes first, then the suite's overrides, then those of the file.

    Args:
        config: the checked yaml.
        suite: its name.
        entries: all of the suite's, before the command line's filters.

    Raises:
        UserError: an override that matches no entry; a cell that two suites set differently.
        UserErrors: values that do not fit the recipe or budget they are set in.
    """
    plan = config.suite(suite)
    found = _of_suite(config, suite, own_grid(config, suite) if plan.suites else entries)
    for member in plan.suites:
        for entry, settings in _of_suite(config, member, own_grid(config, member)).items():
            if found.setdefault(entry, settings) != settings:
                what = f"{entry.model} / {entry.experiment} has other settings in suite {member}"
                where = config.where("suites", suite, "suites")
                raise UserError(what, where, "let one suite have it")
    return {entry: found[entry] for entry in entries}


Layer = tuple[Loc, Mapping[str, Any]]
"""Where settings stand, and what they are."""


def _of_suite(config: Config, suite: str, entries: Iterable[Entry]) -> dict[Entry, Settings]:
    layers: list[Layer] = []
    touched: dict[Entry, tuple[int, ...]] = dict.fromkeys(entries, ())
    for loc, override in overrides_of(config, suite):
        chosen = selected(config, override.match, touched)
        if loc[0] == "suites":
            refuse_idle(config, chosen, loc)
        for entry in chosen:
            touched[entry] += (len(layers),)
        layers.append(((*loc, "set"), override.set))
    made: dict[tuple[str, str, tuple[int, ...]], Settings] = {}
    for entry, numbers in touched.items():
        key = (entry.experiment, entry.preset, numbers)
        if key not in made:
            made[key] = _settings(config, entry, [layers[number] for number in numbers])
    return {e: made[e.experiment, e.preset, numbers] for e, numbers in touched.items()}


def overrides_of(config: Config, suite: str) -> Iterator[tuple[Loc, Override]]:
    """Where each override stands that a suite's entries are held against, and what it is."""
    for number, override in enumerate(config.suites[suite].overrides):
        yield ("suites", suite, "overrides", number), override
    for number, override in enumerate(config.overrides):
        yield ("overrides", number), override


def experiment_settings(config: Config, experiment: str, preset: str) -> Settings:
    """What an experiment itself says, before any override.

    Raises:
        UserErrors: its `set` has values that do not fit.
    """
    of = config.experiments[experiment]
    settings = Settings(config.recipes[of.recipe[preset]], of.budget, of.task_options)
    own = [(("experiments", experiment, "set"), of.set)] if of.set else []
    return _applied(config, of.task, settings, own)


def _settings(config: Config, entry: Entry, layers: Sequence[Layer]) -> Settings:
    settings = experiment_settings(config, entry.experiment, entry.preset)
    return _applied(config, config.experiments[entry.experiment].task, settings, layers)


def _applied(config: Config, task: str, settings: Settings, layers: Sequence[Layer]) -> Settings:
    for loc, changes in layers:
        settings, problems = apply(settings, changes, config.recipes, loc)
        problems += _option_problems(task, settings, loc)
        if problems:
            raise UserErrors([problem.at(config.tree) for problem in problems])
    return settings


def _option_problems(task: str, settings: Settings, loc: Loc) -> list[Problem]:
    """Task options that the task does not take, by the dotted paths that set them."""
    found = task_option_problems(task, settings.task_options, ("task_options",))
    return [Problem((*loc, ".".join(map(str, p.loc))), p.what, p.mend) for p in found]
