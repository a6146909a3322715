"""Read benchmarks.yaml: every mistake at once, each with file, line, key and the way out."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from severe_bench.config.budget_files import with_listed_budgets
from severe_bench.config.checkpoints import each_checkpoint
from severe_bench.config.collector import collector_held
from severe_bench.config.entries import (
    DatasetEntry,
    ExperimentEntry,
    ModelEntry,
    PretrainingEntry,
)
from severe_bench.config.environment import NotedEnvironment
from severe_bench.config.errors import UserErrors
from severe_bench.config.extends import extend
from severe_bench.config.included import read_with_included
from severe_bench.config.ladders import each_rung
from severe_bench.config.names import (
    dataset_problems,
    experiment_problems,
    model_problems,
    name_problems,
    pretraining_problems,
    unknown,
)
from severe_bench.config.problems import Problem, parse
from severe_bench.config.recipe import Recipe
from severe_bench.config.replaced import ENTRIES
from severe_bench.config.schema import Config, Outline, base_folder
from severe_bench.config.suite import Override, Suite
from severe_bench.config.suite_names import (
    Known,
    override_problems,
    set_problems,
    suite_problems,
)
from severe_bench.config.sweeps import each_value
from severe_bench.config.yaml_tree import Tree
from severe_bench.core.errors import UserError

M = TypeVar("M", bound=BaseModel)


def load_config(path: Path, environ: Mapping[str, str] = os.environ) -> Config:
    """Read and check a benchmarks.yaml.

    Args:
        path: of the file; see `config.find.find_config`.
        environ: for `${NAME}`.

    Raises:
        UserError: the file cannot be read or is no YAML.
        UserErrors: every other mistake in it, in the order of lines.
    """
    noted = NotedEnvironment(environ)
    with collector_held():
        config = _Loading(read_with_included(path, noted)).config()
    return replace(config, environ=noted.taken)


class _Loading:
    """One reading of one file, collecting problems."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.problems: list[Problem] = []
        self.raw: dict[str, dict[str, Any]] = {}

    def config(self) -> Config:
        self._read_outline()
        config = Config(
            self.tree,
            datasets=self._section("datasets", DatasetEntry),
            recipes=self._recipes(),
            pretraining=self._section("pretraining", PretrainingEntry),
            models=self._section("models", ModelEntry),
            experiments=self._section("experiments", ExperimentEntry),
            suites=self._section("suites", Suite),
            overrides=self._overrides(),
        )
        self.problems += _cross_problems(config, self.raw)
        self._raise()
        return config

    def _read_outline(self) -> None:
        given = {key: value for key, value in self.tree.data.items() if value is not None}
        _, self.problems = parse(Outline, given, ())
        for section in ENTRIES:
            content = given.get(section, {})
            self.raw[section] = content if isinstance(content, dict) else {}
        folder = base_folder(self.tree.path)
        self.raw["models"], problems = each_checkpoint(self.raw["models"], folder)
        self.problems += problems
        for section in ("experiments", "pretraining"):
            found = with_listed_budgets(section, self.raw[section], folder)
            self.raw[section], problems = found
            self.problems += problems
        experiments = each_rung(self.raw["experiments"], self.raw["datasets"])
        self.raw["experiments"], problems = experiments
        self.problems += problems
        self.raw["experiments"], problems = each_value(self.raw["experiments"])
        self.problems += problems
        for section, entries in self.raw.items():
            self.problems += name_problems(section, entries)

    def _section(self, section: str, model: type[M]) -> dict[str, M]:
        return self._entries(section, model, self.raw[section], lambda _: True)

    def _overrides(self) -> tuple[Override, ...]:
        given = self.tree.data.get("overrides")
        found = []
        for number, data in enumerate(given if isinstance(given, list) else ()):
            override, problems = parse(Override, data, ("overrides", number))
            self.problems += problems
            found += [override] if isinstance(override, Override) else []
        return tuple(found)

    def _recipes(self) -> dict[str, Recipe]:
        """Recipes after `extends`; what is wrong in a base is reported there only."""
        merged, problems = extend("recipes", self.raw["recipes"])
        self.problems += problems
        return self._entries("recipes", Recipe, merged, lambda p: self.tree.states(p.loc))

    def _entries(
        self,
        section: str,
        model: type[M],
        raw: Mapping[str, Any],
        relevant: Callable[[Problem], bool],
    ) -> dict[str, M]:
        found: dict[str, M] = {}
        for name, data in raw.items():
            entry, problems = parse(model, data, (section, name))
            self.problems += filter(relevant, problems)
            if isinstance(entry, model):
                found[name] = entry
        return found

    def _raise(self) -> None:
        if self.problems:
            errors = [problem.at(self.tree) for problem in self.problems]
            raise UserErrors(sorted(errors, key=_place))


def _place(error: UserError) -> tuple[str, int]:
    """File and line, for sorting."""
    file, _, line = error.where.rpartition(":")
    return (file, int(line)) if line.isdigit() else (error.where, 0)


def _cross_problems(config: Config, raw: Mapping[str, Mapping[str, Any]]) -> Iterator[Problem]:
    """References between entries; `raw` has the names of broken entries too."""
    datasets, recipes = raw["datasets"], raw["recipes"]
    for name, dataset in config.datasets.items():
        yield from dataset_problems(dataset, ("datasets", name))
    for name, pretraining in config.pretraining.items():
        yield from pretraining_problems(pretraining, ("pretraining", name), datasets, recipes)
    for name, model in config.models.items():
        yield from model_problems(model, ("models", name), raw["pretraining"])
    for name, experiment in config.experiments.items():
        yield from experiment_problems(experiment, ("experiments", name), datasets, recipes)
    known = Known(
        raw["models"], raw["experiments"], config.models, config.experiments, config.recipes
    )
    for name, suite in config.suites.items():
        yield from suite_problems(suite, ("suites", name), known)
        yield from _members(name, suite, raw["suites"])
    for name, experiment in config.experiments.items():
        loc = ("experiments", name, "set")
        yield from set_problems(experiment.set, loc, config.recipes)
    for number, override in enumerate(config.overrides):
        yield from override_problems(override, ("overrides", number), known)


def _members(name: str, suite: Suite, suites: Mapping[str, Any]) -> Iterator[Problem]:
    """Suites that a suite is put together from: they exist, and are themselves of cells."""
    for number, member in enumerate(suite.suites):
        loc = ("suites", name, "suites", number)
        yield from unknown("suite", member, suites, loc)
        inner = suites.get(member)
        if isinstance(inner, dict) and inner.get("suites"):
            what = f"{member} is itself put together from suites"
            yield Problem(loc, what, "name those instead")
