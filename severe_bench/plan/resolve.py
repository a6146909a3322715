"""The recipe, budget and task options of each entry, after overrides."""

from collections.abc import Iterable

from severe_bench.config.errors import UserErrors
from severe_bench.config.names import task_option_problems
from severe_bench.config.problems import Problem
from severe_bench.config.schema import Config
from severe_bench.config.settings import Settings, apply
from severe_bench.config.yaml_tree import Loc
from severe_bench.plan.grid import Entry, refuse_idle, selected


def resolve(config: Config, suite: str, entries: Iterable[Entry]) -> dict[Entry, Settings]:
    """Settings by entry; entries with the same overrides share one object.

    Args:
        config: the checked yaml.
        suite: its name.
        entries: all of the suite's, before the command line's filters.

    Raises:
        UserError: an override that matches no entry.
        UserErrors: values that do not fit the recipe or budget they are set in.
    """
    touched: dict[Entry, tuple[int, ...]] = dict.fromkeys(entries, ())
    for i, override in enumerate(config.suites[suite].overrides):
        chosen = selected(config, override.match, touched)
        refuse_idle(config, chosen, ("suites", suite, "overrides", i))
        for entry in chosen:
            touched[entry] += (i,)
    made: dict[tuple[str, str, tuple[int, ...]], Settings] = {}
    for entry, numbers in touched.items():
        key = (entry.experiment, entry.preset, numbers)
        if key not in made:
            made[key] = _settings(config, suite, *key)
    return {e: made[e.experiment, e.preset, numbers] for e, numbers in touched.items()}


def _settings(
    config: Config, suite: str, experiment: str, preset: str, numbers: tuple[int, ...]
) -> Settings:
    entry = config.experiments[experiment]
    settings = Settings(config.recipes[entry.recipe[preset]], entry.budget, entry.task_options)
    for i in numbers:
        changes = config.suites[suite].overrides[i].set
        loc = ("suites", suite, "overrides", i, "set")
        settings, problems = apply(settings, changes, config.recipes, loc)
        problems += _option_problems(entry.task, settings, loc)
        if problems:
            raise UserErrors([problem.at(config.tree) for problem in problems])
    return settings


def _option_problems(task: str, settings: Settings, loc: Loc) -> list[Problem]:
    """Task options that the task does not take, by the dotted paths that set them."""
    found = task_option_problems(task, settings.task_options, ("task_options",))
    return [Problem((*loc, ".".join(map(str, p.loc))), p.what, p.mend) for p in found]
