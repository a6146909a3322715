"""Settings given outside recipes that nothing reads are refused; late milestones are told."""

import pytest

from severe_bench.core.errors import UserError
from severe_bench.plan.build import plan_suite
from severe_bench.plan.grid import Filters
from tests.plan.fixtures import STUDY, Study

SET = "    budget: {count: 40}\n"
CELL = SET + "    set: "
OVERRIDE = STUDY + "    overrides:\n      - {match: {MATCH}, set: {SETTING}}\n"


def fault(study: Study, *changes: tuple[str, str], text: str = STUDY) -> str:
    with pytest.raises(UserError) as caught:
        plan_suite(study(*changes, text=text), "demo")
    return str(caught.value)


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("recipe.clip.rate: 8", "clip.rate: is read only with clip.sampling: seconds; leave it"),
        ("recipe.schedule.gamma: 0.5", "gamma: is read only with schedule.kind: multistep; leave"),
        ("recipe.augment.law: inverse", "law: is read only with augment.crop: short_side; leave"),
        ("recipe.selection.clips: 3", "clips: is read only with selection.model: best_test; le"),
    ],
)
def test_a_setting_that_no_cell_of_an_experiment_reads(
    study: Study, setting: str, words: str
) -> None:
    found = fault(study, (SET, f"{CELL}{{{setting}}}\n"))
    line = STUDY.splitlines().index(SET.rstrip()) + 2
    assert f"yaml:{line}: experiments.near-tune.set.recipe." in found
    assert words in found
    assert "\n" not in found


def test_a_sweep_over_what_nothing_reads(study: Study) -> None:
    sweep = "    sweep: {a: {recipe.clip.rate: 8}, b: {recipe.clip.rate: 16}}\n"
    found = fault(study, (SET, SET + sweep))
    for name in ("near-tune-a", "near-tune-b"):
        assert f"experiments.{name}.set.recipe.clip.rate: is read only with" in found


def test_an_override_that_no_matched_cell_reads(study: Study) -> None:
    text = OVERRIDE.replace("SETTING", "recipe.schedule.milestones: [3]")
    found = fault(study, text=text.replace("MATCH", "experiment: near-tune"))
    assert "suites.demo.overrides[0].set.recipe.schedule.milestones: is read only with" in found
    plan_suite(study(text=text.replace("MATCH", 'experiment: "*"')), "demo")


def test_a_setting_that_one_of_two_presets_reads_stays(study: Study) -> None:
    constant = ("schedule: {epochs: 60}", "schedule: {kind: multistep}")
    cells = plan_suite(study((SET, f"{CELL}{{recipe.schedule.gamma: 0.5}}\n"), constant), "demo")
    assert cells.cells


def test_cells_that_differ_in_what_nothing_reads_are_one_computation(study: Study) -> None:
    """Of two recipes, of which neither is set by an override."""
    alike = ("schedule: {epochs: 60}", "schedule: {milestones: [3]}")
    assert "are the same computation under two names" in fault(study, alike)


def test_milestones_that_never_come_are_a_note(study: Study) -> None:
    late = ("schedule: {epochs: 60}", "schedule: {kind: multistep, milestones: [9, 30, 31]}")
    assert plan_suite(study(late), "demo").notes == (
        "milestone 30 never comes in 30 epochs: near-tune (long)",
        "milestone 31 never comes in 30 epochs: near-tune (long)",
    )


def test_cells_that_are_not_asked_for_are_not_in_the_notes(study: Study) -> None:
    late = ("schedule: {epochs: 60}", "schedule: {kind: multistep, milestones: [9, 30, 31]}")
    asked = Filters(experiments=("near-linear",))
    assert plan_suite(study(late), "demo", asked).notes == ()
