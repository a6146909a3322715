"""Names, globs and dotted paths in a suite: each must select or set something that exists."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from severe_bench.config.claims import Claim
from severe_bench.config.entries import ExperimentEntry, ModelEntry
from severe_bench.config.globs import matches, matching
from severe_bench.config.names import unknown
from severe_bench.config.problems import Problem
from severe_bench.config.recipe import Recipe
from severe_bench.config.settings import Settings, apply, path_problem
from severe_bench.config.suite import Block, Include, Override, Selector, Suite
from severe_bench.config.yaml_tree import Loc
from severe_bench.core.budget import Budget
from severe_bench.core.registry import nearest


@dataclass(frozen=True)
class Known:
    """The names that a suite may use. An entry that is itself broken still has its name."""

    model_names: Collection[str]
    experiment_names: Collection[str]
    models: Mapping[str, ModelEntry]
    experiments: Mapping[str, ExperimentEntry]
    recipes: Mapping[str, Recipe]

    def of(self, key: str) -> set[str]:
        """The values of a selector's key that occur in the file."""
        if key == "model":
            return set(self.model_names)
        if key == "experiment":
            return set(self.experiment_names)
        if key == "backbone":
            return {model.architecture for model in self.models.values()}
        if key == "preset":
            return {preset for e in self.experiments.values() for preset in e.recipe}
        return {str(getattr(experiment, key)) for experiment in self.experiments.values()}


def suite_problems(suite: Suite, loc: Loc, known: Known) -> Iterator[Problem]:
    """Everything in a suite that leads nowhere."""
    for i, block in enumerate(suite.blocks):
        yield from _block_problems(block, (*loc, "blocks", i), known)
    for i, single in enumerate(suite.include):
        yield from _include_problems(single, (*loc, "include", i), known)
    for i, selector in enumerate(suite.exclude):
        yield from _selector_problems(selector, (*loc, "exclude", i), known)
    for i, override in enumerate(suite.overrides):
        yield from override_problems(override, (*loc, "overrides", i), known)
    for i, claim in enumerate(suite.claims):
        yield from _claim_problems(claim, (*loc, "claims", i), known)


def _unmatched(
    kind: str, globs: Collection[str], names: Collection[str], loc: Loc
) -> Iterator[Problem]:
    for glob in globs:
        if not any(matches(name, (glob,)) for name in names):
            yield Problem(loc, f"no {kind} matches {glob!r}", nearest(glob, list(names)))


def _block_problems(block: Block, loc: Loc, known: Known) -> Iterator[Problem]:
    yield from _unmatched("model", block.models, known.of("model"), (*loc, "models"))
    experiments = known.of("experiment")
    yield from _unmatched("experiment", block.experiments, experiments, (*loc, "experiments"))
    chosen = [known.experiments.get(e) for e in matching(experiments, block.experiments)]
    if chosen and None not in chosen:
        presets = {preset for e in chosen if e is not None for preset in e.recipe}
        yield from _unmatched("preset", block.presets, presets, (*loc, "presets"))


def _include_problems(single: Include, loc: Loc, known: Known) -> Iterator[Problem]:
    yield from unknown("model", single.model, known.of("model"), (*loc, "model"))
    yield from _experiment_problems(single, loc, known)


def _claim_problems(claim: Claim, loc: Loc, known: Known) -> Iterator[Problem]:
    yield from unknown("model", claim.better, known.of("model"), (*loc, "better"))
    yield from unknown("model", claim.worse, known.of("model"), (*loc, "worse"))
    yield from _experiment_problems(claim, loc, known)


def _experiment_problems(named: Include | Claim, loc: Loc, known: Known) -> Iterator[Problem]:
    experiments = known.of("experiment")
    yield from unknown("experiment", named.experiment, experiments, (*loc, "experiment"))
    experiment = known.experiments.get(named.experiment)
    if experiment is not None:
        yield from unknown("preset", named.preset, experiment.recipe, (*loc, "preset"))


def _selector_problems(selector: Selector, loc: Loc, known: Known) -> Iterator[Problem]:
    for key in selector.model_fields_set - {"seed"}:
        yield from _unmatched(key, getattr(selector, key), known.of(key), (*loc, key))


def override_problems(override: Override, loc: Loc, known: Known) -> Iterator[Problem]:
    """A selector or a setting that leads nowhere."""
    yield from _selector_problems(override.match, (*loc, "match"), known)
    yield from set_problems(override.set, (*loc, "set"), known.recipes)


def set_problems(
    changes: Mapping[str, Any], loc: Loc, recipes: Mapping[str, Recipe]
) -> Iterator[Problem]:
    """Settings that do not exist, and values that they do not take."""
    sound = {}
    for path, value in changes.items():
        problem = path_problem(path, recipes, value)
        if problem is not None:
            yield Problem((*loc, path), *problem)
        elif not path.startswith("task_options."):
            sound[path] = value
    plain = Settings(Recipe(), Budget(), {})
    yield from apply(plain, sound, recipes, loc)[1]
