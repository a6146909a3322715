"""Read benchmarks.yaml: every mistake at once, each with file, line, key and the way out."""

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

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
from severe_bench.config.ladders import each_rung
from severe_bench.config.names import (
    dataset_problems,
    experiment_problems,
    model_problems,
    name_problems,
    pretraining_problems,
)
from severe_bench.config.problems import Problem, parse
from severe_bench.config.recipe import Recipe
from severe_bench.config.schema import Config, Outline
from severe_bench.config.suite import Suite
from severe_bench.config.suite_names import Known, suite_problems
from severe_bench.config.yaml_tree import Tree, read_tree

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
        config = _Loading(read_tree(path, noted)).config()
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
        )
        self.problems += _cross_problems(config, self.raw)
        self._raise()
        return config

    def _read_outline(self) -> None:
        given = {key: value for key, value in self.tree.data.items() if value is not None}
        _, self.problems = parse(Outline, given, ())
        for section in Outline.model_fields.keys() - {"version"}:
            content = given.get(section, {})
            self.raw[section] = content if isinstance(content, dict) else {}
        folder = self.tree.path.absolute().parent
        self.raw["models"], problems = each_checkpoint(self.raw["models"], folder)
        self.problems += problems
        experiments = each_rung(self.raw["experiments"], self.raw["datasets"])
        self.raw["experiments"], problems = experiments
        self.problems += problems
        for section, entries in self.raw.items():
            self.problems += name_problems(section, entries)

    def _section(self, section: str, model: type[M]) -> dict[str, M]:
        return self._entries(section, model, self.raw[section], lambda _: True)

    def _recipes(self) -> dict[str, Recipe]:
        """Recipes after `extends`; what is wrong in a base is reported there only."""
        merged, problems = extend("recipes", self.raw["recipes"])
        self.problems += problems
        return self._entries("recipes", Recipe, merged, lambda p: self.tree.holds(p.loc))

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
            ordered = sorted(self.problems, key=lambda problem: self.tree.line(problem.loc))
            raise UserErrors([problem.at(self.tree) for problem in ordered])


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
