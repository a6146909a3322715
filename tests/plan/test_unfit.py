"""Settings of a recipe that would be without effect are told before anything runs."""

import pytest

from severe_bench.config.recipe import Recipe
from severe_bench.plan.build import plan_suite
from severe_bench.plan.fit import idle_setting, unreadable
from severe_bench.tasks.task import TASKS
from tests.plan.fixtures import Study

BEST = {"selection": {"model": "best_test"}}
NORMS = {"test": {"precise_norms": 5}}
CROPS = {"test": {"crops": 3}}
SPARE = {"head": {"outputs": 400}}


@pytest.mark.parametrize(
    ("task", "given", "reads_clips", "said"),
    [
        ("recognition", BEST, True, ""),
        ("counting", BEST, True, ""),
        ("recognition", BEST, False, "on cached features takes the last state"),
        ("ava_detection", BEST, True, "task ava_detection on clips takes the last state"),
        ("multi_label", NORMS, True, ""),
        ("multi_label", NORMS, False, "is for networks that train on clips"),
        ("counting", NORMS, True, "is for networks that train on clips"),
        ("recognition", CROPS, False, ""),
        ("tube_detection", CROPS, True, "task tube_detection is not tested on crops"),
        ("recognition", SPARE, False, ""),
        ("arrow_of_time", SPARE, False, ""),
        ("verb_noun", SPARE, False, "task verb_noun has no classes to add outputs to"),
        ("ava_detection", SPARE, True, "task ava_detection has no classes to add outputs to"),
        ("recognition", {}, False, ""),
    ],
)
def test_idle_settings(task: str, given: dict[str, object], reads_clips: bool, said: str) -> None:
    found = idle_setting(TASKS.get(task), Recipe.model_validate(given), reads_clips=reads_clips)
    assert said in found
    assert bool(found) == bool(said)


@pytest.mark.parametrize(
    ("task", "protocol", "refused"),
    [
        ("recognition", "linear", False),
        ("arrow_of_time", "linear", False),
        ("counting", "linear", False),
        ("ava_detection", "linear", True),
        ("ava_detection", "finetune", False),
    ],
)
def test_probes_on_clips(task: str, protocol: str, refused: bool) -> None:
    recipe = Recipe.model_validate({"probe": {"reads": "clips"}})
    assert bool(unreadable(TASKS.get(task), protocol, recipe)) is refused
    assert unreadable(TASKS.get(task), protocol, Recipe()) == ""


def test_a_pretraining_selects_nothing(study: Study) -> None:
    change = (
        "  tune:\n    extends: base\n",
        "  tune:\n    extends: base\n    selection: {model: best_test}\n",
    )
    cells = plan_suite(study(change), "demo").cells
    said = {cell.problem for cell in cells if cell.job.kind == "pretrain"}
    assert said == {"a pretraining takes the last state; set selection.model: last"}
