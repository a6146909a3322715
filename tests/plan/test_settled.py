"""Ids hold every task option, defaults too, and no setting that another one makes idle."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import Field

from severe_bench.config.recipe import Recipe
from severe_bench.core.frozen import Frozen
from severe_bench.plan.build import plan_suite
from severe_bench.plan.job import EvaluateJob, PretrainJob
from severe_bench.plan.settled import settled_options, settled_recipe
from severe_bench.tasks.task import TASKS
from tests.plan import fakes
from tests.plan.fakes import TASK
from tests.plan.fixtures import Study


class Before(Frozen):
    margin: float = Field(default=0.5, gt=0)
    anchors: tuple[int, ...] = (1, 2)


class After(Before):
    margin: float = Field(default=0.25, gt=0)


def of_task(study: Study, monkeypatch: pytest.MonkeyPatch, schema: Any, *given: str) -> list[Any]:
    monkeypatch.setattr(fakes, "TASK", replace(TASK, options=schema))
    changes = [("protocol: finetune", f"protocol: finetune\n    task_options: {g}") for g in given]
    return [c for c in plan_suite(study(*changes), "demo").cells if isinstance(c.job, EvaluateJob)]


def test_defaults_of_a_task_are_written_out(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    """A default that changes in code changes the ids."""
    before = of_task(study, monkeypatch, Before)
    assert all(cell.job.task_options == {"margin": 0.5, "anchors": [1, 2]} for cell in before)
    after = of_task(study, monkeypatch, After)
    assert not {cell.id for cell in before} & {cell.id for cell in after}


def test_a_default_that_is_given_is_the_default(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    left_out = of_task(study, monkeypatch, Before)
    given = of_task(study, monkeypatch, Before, "{margin: 0.5, anchors: [1, 2]}")
    assert [cell.id for cell in left_out] == [cell.id for cell in given]
    other = of_task(study, monkeypatch, Before, "{margin: 0.6}")
    assert {cell.id for cell in other} != {cell.id for cell in left_out}


@pytest.mark.parametrize("name", TASKS.names())
def test_what_is_written_of_a_task_is_what_it_reads(name: str) -> None:
    schema = TASKS.get(name).options
    written = settled_options(name, {})
    assert written.keys() == schema.model_fields.keys()
    assert schema.model_validate(written) == schema()


IDLE: dict[str, tuple[dict[str, Any], bool]] = {
    "milestones": ({"schedule": {"kind": "cosine", "milestones": [2, 3], "gamma": 0.2}}, False),
    "looks": ({"selection": {"every": 3, "clips": 2}}, False),
    "views of features": ({"feature_views": 4}, True),
}
READ: dict[str, tuple[dict[str, Any], bool]] = {
    "milestones": ({"schedule": {"kind": "multistep", "milestones": [2], "gamma": 0.2}}, True),
    "looks": ({"selection": {"model": "best_test", "every": 3, "clips": 2}}, True),
    "views of features": ({"feature_views": 4}, False),
}


@pytest.mark.parametrize("name", IDLE)
def test_what_nothing_reads_is_at_its_default(name: str) -> None:
    given, reads_clips = IDLE[name]
    kind = given.get("schedule", {}).get("kind", "multistep")
    plain = Recipe.model_validate({"schedule": {"kind": kind}})
    asked = Recipe.model_validate({"schedule": {"kind": kind}, **given})
    assert asked != plain
    assert settled_recipe(asked, reads_clips=reads_clips) == plain


@pytest.mark.parametrize("name", READ)
def test_what_is_read_stays(name: str) -> None:
    given, reads_clips = READ[name]
    asked = Recipe.model_validate(given)
    assert settled_recipe(asked, reads_clips=reads_clips) == asked


def test_jobs_have_settled_recipes(study: Study) -> None:
    idle = "schedule: {epochs: 30, kind: cosine"
    cells = plan_suite(
        study((idle, f"feature_views: 5\n    {idle}, milestones: [3]")), "demo"
    ).cells
    before = plan_suite(study(), "demo").cells
    assert [cell.id for cell in cells] == [cell.id for cell in before]
    recipes = [c.job.recipe for c in cells if isinstance(c.job, PretrainJob)]
    assert [recipe.feature_views for recipe in recipes] == [1]


def test_an_eps_that_the_network_has_anyway_is_no_other_computation() -> None:
    asked = Recipe.model_validate({"numerics": {"norm_eps": 1e-5}})
    assert settled_recipe(asked, reads_clips=True, norm_eps=1e-5) == Recipe()
    assert settled_recipe(asked, reads_clips=True, norm_eps=1e-3) == asked
    assert settled_recipe(asked, reads_clips=True) == asked


def test_cells_and_features_are_shared_where_the_eps_is_the_networks_own(
    study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = "clip: {frames: 8, size: 48}"
    stated = (size, f"{size}\n    numerics: {{norm_eps: 1e-5}}")
    plain = [cell.id for cell in plan_suite(study(), "demo").cells]
    assert [cell.id for cell in plan_suite(study(stated), "demo").cells] != plain
    monkeypatch.setattr(fakes, "NET", replace(fakes.NET, norm_eps=1e-5))
    assert [cell.id for cell in plan_suite(study(stated), "demo").cells] == plain


def test_a_pretraining_has_no_input_of_its_own(study: Study) -> None:
    """It would read pixels otherwise than what adapts its weights."""
    stated = ("recipe: tune\nmodels", "recipe: told\nmodels")
    told = (
        "pretraining:",
        "  told: {extends: tune, input: {mean: [0, 0, 0], std: [1, 1, 1]}}\npretraining:",
    )
    plan = plan_suite(study(stated, told), "demo")
    (refused,) = plan.refused
    assert refused.what == (
        "pretraining contrast: a pretraining reads pixels as its model entry says; state input "
        "there, not in a recipe"
    )
    (pretrained,) = [cell for cell in plan.cells if isinstance(cell.job, PretrainJob)]
    assert pretrained.problem
