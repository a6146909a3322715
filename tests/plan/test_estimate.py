import json

import pytest

from severe_bench.plan.build import plan_suite
from severe_bench.plan.cell import Cell
from severe_bench.plan.estimate import estimate
from severe_bench.plan.expect import Span
from severe_bench.plan.prior import prior_bytes, prior_seconds
from severe_bench.plan.sizes import BackboneSize, backbone_sizes
from severe_bench.plan.state import state_of, waiting
from severe_bench.plan.view import plan_json
from tests.plan.fixtures import Study


@pytest.fixture
def cells(study: Study) -> tuple[Cell, ...]:
    return plan_suite(study(), "demo").cells


def titled(cells: tuple[Cell, ...], title: str) -> Cell:
    return next(cell for cell in cells if cell.title == title)


GUESSED = "guessed (unknown network)"


def test_work_of_a_network_that_is_not_counted_is_a_guess(cells: tuple[Cell, ...]) -> None:
    """All of this study goes through `net`, but for what reads cached features."""
    guessed = [
        cell for cell in cells if cell.job.kind != "dataset" and "test_features" not in cell.needs
    ]
    found = estimate(cells, {}, {}, 2)
    assert found.basis == {"prior": len(cells) - len(guessed), GUESSED: len(guessed)}
    alone = estimate(guessed, {}, {}, 1).compute_seconds
    assert (alone.low, alone.high) == (
        pytest.approx(alone.expected / 25),
        pytest.approx(alone.expected * 25),
    )
    one = guessed[0]
    after = estimate(cells, {one.id: "done"}, {one.id: 3.0}, 2)
    assert GUESSED not in after.basis, "a measured cell of it says how much it computes"


def test_without_measurements_everything_rests_on_the_prior(
    cells: tuple[Cell, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = {"net": BackboneSize(1, 81.0, 16, 112), **backbone_sizes()}
    monkeypatch.setattr("severe_bench.plan.prior.backbone_sizes", lambda: sizes)
    found = estimate(cells, {}, {}, 2)
    assert found.basis == {"prior": len(cells)}
    assert found.cells == len(cells)
    low, expected, high = (
        getattr(found.compute_seconds, end) for end in ("low", "expected", "high")
    )
    assert low == pytest.approx(expected / 5)
    assert high == pytest.approx(expected * 5)
    assert expected / 2 <= found.wall_seconds.expected <= expected
    assert found.disk_bytes == sum(prior_bytes(cell.job) for cell in cells)


def test_done_failed_and_impossible_cells_cost_nothing(cells: tuple[Cell, ...]) -> None:
    states = {cell.id: ("done", "failed", "impossible")[i % 3] for i, cell in enumerate(cells)}
    found = estimate(cells, states, {}, 2)
    assert found.cells == 0
    assert found.compute_seconds == found.wall_seconds == Span(0, 0, 0)
    assert found.disk_bytes == 0


def test_like_cells_take_as_long_as_measured(cells: tuple[Cell, ...]) -> None:
    """Three of the six probes on near are done: the others take the median of these."""
    probes = [cell for cell in cells if cell.label and cell.label.experiment == "near-linear"]
    measured = {cell.id: seconds for cell, seconds in zip(probes, (1.0, 2.0, 9.0), strict=False)}
    states = {cell.id: "done" for cell in cells} | {cell.id: "to-run" for cell in probes[3:]}
    found = estimate(cells, states, measured, 1)
    assert found.basis == {"measured": 3}
    assert found.compute_seconds == Span(3 * 1.0, 3 * 2.0, 3 * 9.0)
    assert found.wall_seconds.expected == 6.0
    assert estimate(cells, states, measured, 2).wall_seconds.expected == 4.0


def test_other_cells_of_a_kind_scale_with_the_measured_ones(cells: tuple[Cell, ...]) -> None:
    known = titled(cells, "none / near-linear / seed 0")
    asked = titled(cells, "none / real-linear / seed 0")
    measured = {known.id: 3 * prior_seconds(known.job, "features")}
    states = {cell.id: "done" for cell in cells} | {asked.id: "pending"}
    found = estimate(cells, states, measured, 1)
    assert found.basis == {"scaled": 1}
    expected = 3 * prior_seconds(asked.job, "features")
    assert found.compute_seconds == Span(
        pytest.approx(expected / 2), pytest.approx(expected), pytest.approx(expected * 2)
    )


def test_the_prior_grows_with_the_work(study: Study) -> None:
    def prior(title: str, reads: str, *replacements: tuple[str, str]) -> float:
        return prior_seconds(
            titled(plan_suite(study(*replacements), "demo").cells, title).job, reads
        )

    tune, probe = "none / near-tune (short) / seed 0", "none / near-linear / seed 0"
    assert prior(tune, "clips") > 10 * prior(probe, "features")
    assert prior(tune, "clips", ("epochs: 30", "epochs: 45")) > prior(tune, "clips")
    assert prior(tune, "clips", ("count: 40", "count: 80")) > prior(tune, "clips")
    assert prior(tune, "clips", ("count: 40", "percent: 50")) > prior(tune, "clips")
    assert prior(tune, "clips", ("count: 40", "per_class: 20")) > prior(tune, "clips")
    assert prior(probe, "features", ("count: 200", "count: 800")) > prior(probe, "features")


def test_cells_that_the_store_does_not_know(study: Study) -> None:
    cells = plan_suite(study(("root: real", "root: gone")), "demo").cells
    found = {state_of(cell, {}) for cell in cells}
    assert found == {"to-run", "impossible"}
    assert all(not cell.problem for cell in waiting(cells, {}))


def test_the_plan_as_json(study: Study) -> None:
    plan = plan_suite(study(("root: real", "root: gone")), "demo")
    first = plan.cells[0]
    left = estimate(plan.cells, {first.id: "done"}, {}, 2)
    found = json.loads(json.dumps(plan_json(plan, {first.id: "done"}, left, {first.id: "made"})))
    told = {"left_out", "missing", "refused", "notes"}
    assert set(found) == {"suite", "cells", "estimate"} | told
    assert [row["id"] for row in found["cells"]] == [cell.id for cell in plan.cells]
    assert found["cells"][0] == {
        "id": first.id,
        "kind": "dataset",
        "title": "dataset source",
        "model": None,
        "experiment": None,
        "preset": None,
        "seed": None,
        "state": "done",
        "needs": {},
        "reason": "made",
    }
    last = found["cells"][-1]
    assert (last["model"], last["experiment"], last["seed"]) == ("filed", "real-linear", 1)
    assert last["state"] == "impossible"
    assert last["reason"].startswith("dataset real: no folder")
    assert set(last["needs"]) == {"train_features", "test_features"}
    assert found["estimate"]["cells"] == left.cells
    assert set(found["estimate"]["wall_seconds"]) == {"low", "expected", "high"}
