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


def on_clips(seed: int = 0, backbone: str = "r3d_18", **settings: Any) -> Cell:
    job = evaluate(seed).job
    assert isinstance(job, EvaluateJob)
    network = job.network.model_copy(update={"backbone": backbone})
    return Cell.of(
        job.model_copy(update={"recipe": recipe(**settings), "network": network}), "evaluate"
    )


def clip(frames: int, size: int = 112) -> dict[str, int]:
    return {"frames": frames, "size": size}


@pytest.mark.parametrize(
    ("known", "asked", "times"),
    [
        ({"clip": clip(1)}, {"clip": clip(64)}, 64.0),
        ({"clip": clip(16, 112)}, {"clip": clip(16, 224)}, 4.0),
        ({"clip": clip(64)}, {"clip": clip(1)}, 1 / 64),
        ({"clip": clip(8)}, {"clip": clip(8), "selection": {"model": "last"}}, 1.0),
    ],
)
def test_kin_with_other_clips_is_scaled_by_its_pixels(
    known: dict[str, Any], asked: dict[str, Any], times: float
) -> None:
    """600 s on clips of one frame are 38,400 s on clips of 64; decoding is a hundredth of it."""
    expect = Expectations()
    expect.learn(on_clips(0, **known), 600.0)
    found, basis = expect.span(on_clips(1, **asked))
    assert found.expected == pytest.approx(600.0 * times, rel=0.02)
    assert basis == ("measured" if times == 1 else "scaled")
    assert found.high >= max(600.0, 1.2 * found.expected)


def test_views_in_the_test_are_scaled_too() -> None:
    expect = Expectations()
    one = Cell.of(features_job("test", "test").model_copy(update={"recipe": recipe()}), "one")
    more = recipe(test={"clips": 10 * recipe().test.views})
    ten = Cell.of(features_job("test", "test").model_copy(update={"recipe": more}), "ten")
    expect.learn(one, 100.0)
    found, basis = expect.span(ten)
    assert basis == "scaled"
    assert 100 < found.expected <= 1000


def test_the_nearest_kin_counts_for_more_than_the_kind() -> None:
    """Another backbone took ten times its prior; this one, on shorter clips, just its own."""
    expect = Expectations()
    other = on_clips(0, "r2plus1d_18")
    for seed in range(3):
        expect.learn(on_clips(seed, "r2plus1d_18"), 10 * expect.seconds(other))
    known, asked = on_clips(0, clip=clip(8)), on_clips(0, clip=clip(32))
    prior = Expectations().seconds
    expect.learn(known, prior(known))
    assert expect.seconds(asked) == pytest.approx(prior(asked))
