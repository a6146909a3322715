"""Where a folder holds results of several settings under one name, those of one count."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from severe_bench.analysis.harvest import Measured
from severe_bench.analysis.one_setting import Apart, mixed, one_metric, one_setting, setting
from severe_bench.plan.cell import Cell
from severe_bench.plan.job import EvaluateJob, WeightsRef
from tests.analysis.builder import PROVENANCE, Trial, evaluate_cell

NEAR = Trial("near", "standard", {})


def job_of(cell: Cell) -> EvaluateJob:
    assert isinstance(cell.job, EvaluateJob)
    return cell.job


def cell(version: int, seed: int, model: str = "m") -> Cell:
    """`version` is a setting that the name does not tell."""
    known = evaluate_cell(NEAR, model, seed)
    job = job_of(known).model_copy(update={"task_options": {"version": version}})
    return Cell.of(job, known.title, label=known.label)


def apart(cells: Sequence[tuple[Cell, int]]) -> Apart:
    """Of cells with the minute at which they were finished."""
    jobs = {one.id: job_of(one) for one, _ in cells}
    return one_setting([measured(one, minute) for one, minute in cells], jobs.get)


def measured(one: Cell, minute: int) -> Measured:
    assert one.label is not None
    finished = PROVENANCE.model_copy(update={"finished": f"2026-11-21T01:{minute:02d}:00+00:00"})
    return Measured(one.id, one.label, {"top1": 1.0}, 10, 1.0, 1, finished)


@pytest.mark.parametrize(
    ("cells", "kept"),
    [
        ([(1, 0, 0), (1, 1, 0), (1, 2, 0), (2, 0, 9)], {(1, 0), (1, 1), (1, 2)}),
        ([(1, 0, 0), (1, 1, 0), (2, 2, 9)], {(1, 0), (1, 1)}),  # no seed occurs twice
        ([(1, 0, 9), (1, 1, 0), (2, 0, 5), (2, 1, 5)], {(1, 0), (1, 1)}),
        ([(1, 0, 1), (1, 1, 1), (2, 0, 5), (2, 1, 5)], {(2, 0), (2, 1)}),
        ([(1, 0, 0), (1, 1, 0)], {(1, 0), (1, 1)}),
    ],
    ids=["most seeds", "disjoint seeds", "newest is the first", "newest", "one setting"],
)
def test_one_setting_counts_and_the_others_are_named(
    cells: list[tuple[int, int, int]], kept: set[tuple[int, int]]
) -> None:
    made = {(version, seed): cell(version, seed) for version, seed, _ in cells}
    found = apart([(made[v, s], minute) for v, s, minute in cells])
    assert {one.cell for one in found.kept} == {made[key].id for key in kept}
    assert [one.label.seed for one in found.kept] == sorted(seed for _, seed in kept)
    others = {made[key].id for key in made.keys() - kept}
    assert {one.cell for one in found.left_out} == others
    for one in found.left_out:
        assert one.state == "superseded"
        assert f"the {len(kept)} seeds that count" in one.reason


def test_models_are_looked_at_one_by_one() -> None:
    cells = [(cell(1, 0, "a"), 0), (cell(2, 0, "b"), 0), (cell(2, 1, "b"), 0)]
    found = apart(cells)
    assert len(found.kept) == 3
    jobs = {one.id: job_of(one) for one, _ in cells}
    assert mixed(found.kept, jobs.get) == ["near"]
    assert mixed(found.kept[1:], jobs.get) == []


def test_random_weights_of_each_seed_are_one_setting() -> None:
    def random(seed: int, init: int) -> str:
        job = job_of(evaluate_cell(NEAR, "m", seed))
        weights = WeightsRef(source="none", init_seed=init)
        network = job.network.model_copy(update={"weights": weights})
        return setting(job.model_copy(update={"network": network}))

    assert random(0, 0) == random(1, 1)
    assert random(0, 7) == random(1, 7) != random(0, 0)


def test_cells_that_cannot_be_read_stand_alone() -> None:
    found = one_setting([measured(cell(1, seed), seed) for seed in (0, 1)], lambda _: None)
    assert [one.label.seed for one in found.kept] == [1]
    assert len(found.left_out) == 1


def test_an_experiment_is_ranked_by_one_metric() -> None:
    """Another headline in the yaml leaves ids as they are: means would be of two metrics."""
    values = {"top1": 50.0, "mean_per_class": 40.0}
    first, second = (replace(measured(cell(1, s), s), values=values) for s in (0, 1))
    renamed = second.label.model_copy(update={"headline": "mean_per_class"})
    lacking = replace(measured(cell(1, 2), 0), values={"top1": 1.0})
    found = one_metric([first, replace(second, label=renamed), lacking])
    assert [one.label.headline for one in found.kept] == ["mean_per_class"] * 2
    assert [one.cell for one in found.kept] == [first.cell, second.cell]
    (left,) = found.left_out
    assert (left.cell, left.state) == (lacking.cell, "superseded")
    assert "without mean_per_class" in left.reason
