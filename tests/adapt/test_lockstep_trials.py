"""Heads of many rates and decays in company: the bits of each are those that it has alone."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from severe_bench.adapt.products import Products
from severe_bench.core.errors import Interrupted
from severe_bench.train.checkpoint import CHECKPOINT_FILE
from severe_bench.train.errors import NanLoss
from tests.adapt.companies import (
    GRID,
    OPTIMISERS,
    PLAIN,
    SCHEDULES,
    Case,
    Killed,
    Trials,
    alone,
    assert_same,
    plan,
    together,
)
from tests.train.fakes import Wires


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def alive(folder: Path, case: Case) -> list[bool]:
    content = torch.load(folder / case.name / CHECKPOINT_FILE, weights_only=True)
    return list(content["module"]["alive"].tolist())


@pytest.mark.parametrize("optimiser", OPTIMISERS, ids=lambda o: "-".join(map(str, o.values())))
@pytest.mark.parametrize("schedule", SCHEDULES, ids=lambda s: "-".join(map(str, s.values())))
def test_budgets_and_seeds_in_company_end_with_the_bits_that_they_have_alone(
    optimiser: dict[str, Any], schedule: dict[str, Any], tmp_path: Path
) -> None:
    problem = Trials(plan(optimiser, schedule))
    alone(tmp_path / "alone", problem, GRID)
    together(tmp_path / "together", problem, GRID)
    assert_same(tmp_path / "alone", tmp_path / "together", GRID)


@given(
    st.lists(
        st.builds(Case, st.integers(1, 40), st.integers(0, 3)), min_size=1, max_size=5, unique=True
    ),
    st.builds(
        Trials,
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
@settings(deadline=None, max_examples=40)
def test_any_shape_of_company(
    tmp_path_factory: pytest.TempPathFactory, cases: list[Case], problem: Trials
) -> None:
    folder = tmp_path_factory.mktemp("company")
    alone(folder / "alone", problem, cases)
    together(folder / "together", problem, cases)
    assert_same(folder / "alone", folder / "together", cases)


@pytest.mark.parametrize(("width", "classes"), [(64, 10), (64, 6), (512, 100), (768, 40)])
def test_usual_shapes(width: int, classes: int, tmp_path: Path) -> None:
    problem = Trials(
        plan(OPTIMISERS[4], {**SCHEDULES[1], "epochs": 2}, batch_size=64), width, classes
    )
    cases = [Case(videos, seed) for videos in (150, 80) for seed in range(2)]
    alone(tmp_path / "alone", problem, cases)
    together(tmp_path / "together", problem, cases)
    assert_same(tmp_path / "alone", tmp_path / "together", cases)


def test_a_stop_and_kills_lose_no_bit_and_company_goes_on_from_where_it_was(
    tmp_path: Path,
) -> None:
    problem = Trials(PLAIN)
    alone(tmp_path / "alone", problem, GRID)
    folder = tmp_path / "together"
    for stop, part in ((3, GRID), (2, GRID[:5]), (1, GRID[2:])):
        wires = Wires(folder, stop=lambda n, at=stop: n == at)
        with pytest.raises(Interrupted, match="steps"):
            together(folder, problem, part, wires)
    with pytest.raises(KeyboardInterrupt):
        together(folder, problem, GRID, Killed(folder, due=lambda n: n == 1))
    alone(folder, problem, GRID[:2])
    together(folder, problem, GRID)
    assert_same(tmp_path / "alone", folder, GRID)


def test_a_head_that_diverges_is_out_and_no_other_notices(tmp_path: Path) -> None:
    """Not in its cell and not in another, nor after a stop."""
    spec = {"name": "sgd", "lr": 0.1, "momentum": 0.9, "weight_decay": 1e-2}
    wild = Trials(plan(spec, SCHEDULES[1]), wild=1e30)
    alone(tmp_path / "alone", wild, GRID[:4])
    folder = tmp_path / "together"
    with pytest.raises(Interrupted):
        together(folder, wild, GRID[:4], Wires(folder, stop=lambda n: n == 6))
    together(folder, wild, GRID[:4])
    for case in GRID[:4]:
        assert alive(folder, case) == [True] * 9 + [False]
    assert_same(tmp_path / "alone", folder, GRID[:4])


def test_a_cell_none_of_whose_heads_has_a_finite_loss_fails_alone(tmp_path: Path) -> None:
    problem = Trials(plan({"name": "sgd", "lr": 0.1, "momentum": 0.9}, {"kind": "constant"}))
    cases = (GRID[0], Case(21, 5, scale=1e30), *GRID[1:4])
    calm = cases[:1] + cases[2:]
    alone(tmp_path / "alone", problem, calm)
    together(tmp_path / "together", problem, cases)
    assert not (tmp_path / "together" / cases[1].name / CHECKPOINT_FILE).exists()
    assert_same(tmp_path / "alone", tmp_path / "together", calm)
    with pytest.raises(NanLoss):
        alone(tmp_path / "wild", problem, cases[1:2])


def test_progress_counts_all_heads(tmp_path: Path) -> None:
    wires = Wires(tmp_path)
    together(tmp_path, Trials(PLAIN), GRID[:4], wires)
    assert {report.stage for report in wires.reports} == {"train 40 heads"}


def test_shapes_whose_batched_product_rounds_otherwise_go_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a machine where no batched product has the bits of single ones."""
    monkeypatch.setattr(Products, "_exact_in", lambda self, size: False)
    problem = Trials(PLAIN, width=5, classes=7)
    alone(tmp_path / "alone", problem, GRID)
    together(tmp_path / "together", problem, GRID)
    assert_same(tmp_path / "alone", tmp_path / "together", GRID)
