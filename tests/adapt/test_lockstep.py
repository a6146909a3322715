"""Heads in company: the bits of each are those that it has alone, on a CPU with one thread."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from severe_bench.adapt.products import Products
from severe_bench.core.errors import Interrupted
from severe_bench.train.checkpoint import CHECKPOINT_FILE
from severe_bench.train.errors import NanLoss
from severe_bench.train.loop import fit
from tests.adapt.companies import (
    GRID,
    OPTIMISERS,
    PLAIN,
    SCHEDULES,
    Case,
    Killed,
    Problem,
    Trials,
    alone,
    assert_same,
    plan,
    together,
)
from tests.train.fakes import Wires

FORMS = (Problem, Trials)
"""A linear head for each cell, and several."""


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("optimiser", OPTIMISERS, ids=lambda o: "-".join(map(str, o.values())))
@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda s: "-".join(map(str, s.values())))
def test_budgets_and_seeds_in_company_end_with_the_bits_that_they_have_alone(
    form: type[Problem], optimiser: dict[str, Any], schedule: dict[str, Any], tmp_path: Path
) -> None:
    problem = form(plan(optimiser, schedule))
    alone(tmp_path / "alone", problem, GRID)
    together(tmp_path / "together", problem, GRID)
    assert_same(tmp_path / "alone", tmp_path / "together", GRID)


@given(
    st.lists(
        st.builds(Case, st.integers(1, 40), st.integers(0, 3)), min_size=1, max_size=7, unique=True
    ),
    st.builds(
        lambda form, recipe, **shape: form(recipe, **shape),
        st.sampled_from(FORMS),
        st.builds(
            plan,
            st.sampled_from(OPTIMISERS),
            st.sampled_from([{**schedule, "epochs": 2} for schedule in SCHEDULES]),
            batch_size=st.sampled_from([1, 5, 8, 16]),
            drop_last=st.booleans(),
        ),
        width=st.integers(1, 33),
        classes=st.integers(1, 40),
        views=st.integers(1, 3),
        labels=st.booleans(),
    ),
)
@settings(deadline=None, max_examples=80)
def test_any_shape_of_company(
    tmp_path_factory: pytest.TempPathFactory,
    cases: list[Case],
    problem: Problem,
) -> None:
    folder = tmp_path_factory.mktemp("company")
    alone(folder / "alone", problem, cases)
    together(folder / "together", problem, cases)
    assert_same(folder / "alone", folder / "together", cases)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(("width", "classes"), [(64, 10), (64, 6), (512, 100), (768, 40)])
def test_usual_shapes(form: type[Problem], width: int, classes: int, tmp_path: Path) -> None:
    problem = form(plan(OPTIMISERS[4], SCHEDULES[1], batch_size=64), width, classes)
    cases = [Case(videos, seed) for videos in (200, 100) for seed in range(2)]
    alone(tmp_path / "alone", problem, cases)
    together(tmp_path / "together", problem, cases)
    assert_same(tmp_path / "alone", tmp_path / "together", cases)


@pytest.mark.parametrize("form", FORMS)
def test_a_stop_and_kills_lose_no_bit_and_company_goes_on_from_where_it_was(
    form: type[Problem], tmp_path: Path
) -> None:
    problem = form(PLAIN)
    alone(tmp_path / "alone", problem, GRID)
    folder = tmp_path / "together"
    for stop, part in ((3, GRID), (2, GRID[:5]), (1, GRID[2:])):
        wires = Wires(folder, stop=lambda n, at=stop: n == at)
        with pytest.raises(Interrupted, match="steps"):
            together(folder, problem, part, wires)
    with pytest.raises(KeyboardInterrupt):
        together(folder, problem, GRID, Killed(folder, due=lambda n: n == 1))
    together(folder, problem, GRID)
    assert_same(tmp_path / "alone", folder, GRID)


def test_what_company_left_unfinished_is_finished_alone_with_the_same_bits(
    tmp_path: Path,
) -> None:
    problem, folder = Problem(PLAIN), tmp_path / "together"
    alone(tmp_path / "alone", problem, GRID)
    with pytest.raises(Interrupted):
        together(folder, problem, GRID, Wires(folder, stop=lambda n: n == 5))
    alone(folder, problem, GRID)
    assert_same(tmp_path / "alone", folder, GRID)


def test_what_company_finished_is_not_trained_again(tmp_path: Path) -> None:
    problem = Problem(PLAIN)
    together(tmp_path, problem, GRID[:2])
    wires = Wires(tmp_path / GRID[0].name)
    objective = problem.objective(GRID[0])
    summary = fit(objective, problem.source(GRID[0]), PLAIN, wires.session, GRID[0].seed)
    assert wires.reports == []
    assert summary.steps == 4 * problem.source(GRID[0]).steps_per_epoch
    assert summary.clips > 0


@pytest.mark.parametrize("form", FORMS)
def test_a_head_that_diverges_harms_no_other_and_fails_alone(
    form: type[Problem], tmp_path: Path
) -> None:
    wild = form(plan({"name": "sgd", "lr": 0.1, "momentum": 0.9}, {"kind": "constant"}))
    cases = (GRID[0], Case(21, 5, scale=1e30), *GRID[1:4])
    calm = cases[:1] + cases[2:]
    alone(tmp_path / "alone", wild, calm)
    together(tmp_path / "together", wild, cases)
    assert not (tmp_path / "together" / cases[1].name / CHECKPOINT_FILE).exists()
    assert_same(tmp_path / "alone", tmp_path / "together", calm)
    with pytest.raises(NanLoss):
        alone(tmp_path / "wild", wild, cases[1:2])


def test_a_company_of_diverging_heads_ends(tmp_path: Path) -> None:
    wild = Problem(plan({"name": "sgd", "lr": 0.1}, {"kind": "constant"}))
    cases = [Case(21, seed, scale=1e30) for seed in range(2)]
    wires = Wires(tmp_path)
    together(tmp_path, wild, cases, wires)
    assert len(wires.reports) < 12
    assert not list(tmp_path.glob(f"*/{CHECKPOINT_FILE}"))


def test_time_is_shared_and_progress_told(tmp_path: Path) -> None:
    wires = Wires(tmp_path)
    together(tmp_path, Problem(PLAIN), GRID, wires)
    assert {report.stage for report in wires.reports} == {"train 9 heads"}
    assert wires.reports[-1].done == wires.reports[-1].total == 12


@pytest.mark.parametrize("form", FORMS)
def test_shapes_whose_batched_product_rounds_otherwise_go_one_by_one(
    form: type[Problem], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a machine where no batched product has the bits of single ones."""
    monkeypatch.setattr(Products, "_exact_in", lambda self, size: False)
    problem = form(PLAIN, width=5, classes=7)
    alone(tmp_path / "alone", problem, GRID)
    together(tmp_path / "together", problem, GRID)
    assert_same(tmp_path / "alone", tmp_path / "together", GRID)
