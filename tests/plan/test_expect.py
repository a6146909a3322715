"""Expected seconds: of kin, else of the kind, else the prior."""

from statistics import median
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from severe_bench.core.budget import Budget
from severe_bench.plan.cell import Cell
from severe_bench.plan.expect import Expectations, Span
from severe_bench.plan.job import EvaluateJob, FeaturesJob
from tests.adapt.fakes import features_job, recipe
from tests.run.grids import evaluate, pretrain

SECONDS = st.lists(st.floats(0.01, 1e5), min_size=1, max_size=9)


def other_budget(cell: Cell) -> Cell:
    job = cell.job.model_copy(update={"budget": Budget(count=7)})
    return Cell.of(job, "fewer labels")


@given(SECONDS)
def test_kin_takes_the_median_of_kin(times: list[float]) -> None:
    expect = Expectations()
    for seed, seconds in enumerate(times):
        expect.learn(evaluate(seed), seconds)
    found, basis = expect.span(evaluate(99))
    assert basis == "measured"
    assert found.expected == pytest.approx(median(times))
    assert found.low == pytest.approx(min(*times, median(times) / 1.2))
    assert found.high == pytest.approx(max(*times, median(times) * 1.2))


def test_another_of_the_kind_takes_its_prior_times_what_the_kind_took_of_theirs() -> None:
    expect = Expectations()
    known, asked = evaluate(0), other_budget(evaluate(0))
    before = expect.seconds(asked)
    expect.learn(known, 3 * expect.seconds(known))
    found, basis = expect.span(asked)
    assert basis == "scaled"
    assert found.expected == pytest.approx(3 * before)


def test_other_kinds_teach_nothing() -> None:
    expect = Expectations()
    before = expect.span(pretrain(0))
    expect.learn(evaluate(0), 1e6)
    assert expect.span(pretrain(0)) == before
    assert before[1] == "prior"
    assert before[0] == Span(before[0].expected / 5, before[0].expected, before[0].expected * 5)


OTHERS = [
    (evaluate(0).job, {"task": "arrow_of_time"}),
    (features_job("test", "test"), {"unit": "tokens"}),
    (features_job("test", "test"), {"recipe": recipe(test={"clips": 5})}),
    (features_job("train", "train"), {"recipe": recipe(feature_views=5)}),
]


@pytest.mark.parametrize(("job", "change"), OTHERS)
def test_another_task_or_unit_or_number_of_views_is_no_kin(
    job: EvaluateJob | FeaturesJob, change: dict[str, Any]
) -> None:
    expect, other = Expectations(), job.model_copy(update=change)
    expect.learn(Cell.of(job, "known"), 100.0)
    assert expect.span(Cell.of(job.model_copy(update={"seed": 7}), "kin"))[1] == "measured"
    assert expect.span(Cell.of(other, "other"))[1] == "scaled"
