"""Settings of a recipe that would be without effect are told before anything runs."""

from dataclasses import replace
from typing import Any, cast

import pytest

from severe_bench.adapt.procedure import PROCEDURES
from severe_bench.config.recipe import Recipe
from severe_bench.core.frozen import Frozen
from severe_bench.plan.build import plan_suite
from severe_bench.plan.fit import idle_setting
from severe_bench.plan.rows import row_kind
from severe_bench.tasks.task import TASKS
from tests.plan import fakes
from tests.plan.fixtures import Study

BEST = {"selection": {"model": "best_test"}}
NORMS = {"test": {"precise_norms": 5}}
CROPS = {"test": {"crops": 3}}
FRAMES = {"test": {"frames": 8}}
STRIDE = {"test": {"stride": 2}}
CLIPS = {"probe": {"reads": "clips"}}
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
        ("tube_detection", FRAMES, True, "task tube_detection is tested on clips as in training"),
        ("counting", STRIDE, True, "task counting is tested on clips as in training"),
        ("ava_detection", FRAMES, True, ""),
        ("recognition", STRIDE, True, ""),
        ("recognition", SPARE, False, ""),
        ("arrow_of_time", SPARE, False, ""),
        ("verb_noun", SPARE, False, "task verb_noun has no classes to add outputs to"),
        ("ava_detection", SPARE, True, "task ava_detection has no classes to add outputs to"),
        ("recognition", {}, False, ""),
    ],
)
def test_idle_settings(task: str, given: dict[str, object], reads_clips: bool, said: str) -> None:
    protocol = "finetune" if reads_clips else "linear"
    recipe = Recipe.model_validate(given)
    found = idle_setting(TASKS.get(task), protocol, recipe, reads_clips=reads_clips)
    assert said in found
    assert bool(found) == bool(said)


@pytest.mark.parametrize("protocol", ["linear_selected", "knn", "attentive", "finetune", "frozen"])
def test_how_a_linear_probe_reads_is_of_no_use_to_others(protocol: str) -> None:
    task, clips = TASKS.get("recognition"), Recipe.model_validate(CLIPS)
    asked = {"reads_clips": protocol == "finetune"}
    found = idle_setting(task, protocol, clips, **asked)
    assert found == f"probe is for protocol linear, not {protocol}; leave it out"
    assert idle_setting(task, protocol, Recipe(), **asked) == ""
    assert idle_setting(task, "linear", clips, reads_clips=True) == ""


def test_norms_are_not_averaged_in_a_frozen_backbone() -> None:
    task = TASKS.get("recognition")
    frozen = Recipe.model_validate({**CLIPS, **NORMS})
    drifting = Recipe.model_validate({**NORMS, "probe": {"reads": "clips", "batch_norm": "train"}})
    found = idle_setting(task, "linear", frozen, reads_clips=True)
    assert found.startswith("test.precise_norms would change a frozen backbone; set it to 0")
    assert idle_setting(task, "linear", drifting, reads_clips=True) == ""


@pytest.mark.parametrize("name", ["recognition", "ava_detection", "segmentation", "counting"])
def test_every_task_with_a_head_can_be_probed_on_clips(name: str) -> None:
    task, recipe = TASKS.get(name), Recipe.model_validate(CLIPS)
    assert idle_setting(task, "linear", recipe, reads_clips=True) == ""
    assert row_kind(name, {}, "linear", recipe) is None
    assert PROCEDURES.get(task.procedure).probe is not None


def test_a_pretraining_selects_nothing(study: Study) -> None:
    change = (
        "  tune:\n    extends: base\n",
        "  tune:\n    extends: base\n    selection: {model: best_test}\n",
    )
    cells = plan_suite(study(change), "demo").cells
    said = {cell.problem for cell in cells if cell.job.kind == "pretrain"}
    assert said == {"a pretraining takes the last state; set selection.model: last"}


class Dropping(Frozen):
    dropout: float = 0.5


@pytest.mark.parametrize(
    ("options", "head", "refused"),
    [("", 0.5, True), ("{dropout: 0.1}", 0.5, True), ("{dropout: 0}", 0.5, False), ("", 0, False)],
)
def test_features_are_dropped_once(
    study: Study, monkeypatch: pytest.MonkeyPatch, options: str, head: float, refused: bool
) -> None:
    """The task's own dropout counts at its default too."""
    monkeypatch.setattr(fakes, "TASK", replace(cast(Any, fakes.TASK), options=Dropping))
    given = f"recipe.head.dropout: {head}"
    tuned = f"protocol: finetune\n    set: {{{given}}}"
    tuned += f"\n    task_options: {options}" if options else ""
    plan = plan_suite(study(("protocol: finetune", tuned)), "demo")
    assert bool(plan.refused) == refused
    if refused:
        assert "one after the other; set task_options.dropout: 0, or leave" in plan.refused[0].what
        assert {c.label.experiment for c in plan.cells if c.label and c.problem} >= {"near-tune"}
