"""Intervals against plain loops, scipy and simulated coverage."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import bootstrap

from severe_bench.analysis.comparison import Comparison, compare_all
from severe_bench.analysis.intervals import (
    PairedDifference,
    interval,
    over_seeds,
    resample,
)
from severe_bench.core.errors import UserError
from severe_bench.core.metric import Metric
from severe_bench.metrics.accuracy import MEAN_PER_CLASS, TOP1
from severe_bench.metrics.measure import Measure
from severe_bench.store.predictions import Predictions

MEAN = Measure(
    Metric("mean", "mean", "", 0.0, 1.0, farthest=-np.inf),
    lambda scores, targets: float(scores[:, 0].mean()),
    lambda scores, targets: scores[:, 0].astype(np.float64),
)
SLOW_MEAN = Measure(MEAN.metric, MEAN.value)


def run(values: NDArray[np.float64], groups: NDArray[np.str_] | None = None) -> Predictions:
    names = np.array([f"v{i}" for i in range(len(values))])
    own = names if groups is None else groups
    return Predictions(names, np.zeros(len(values), int), values[:, None].astype(np.float32), own)


def compared(
    a: dict[int, Predictions], b: dict[int, Predictions], draws: int = 400
) -> PairedDifference:
    return every(a, b, draws).difference


def every(a: dict[int, Predictions], b: dict[int, Predictions], draws: int = 400) -> Comparison:
    found = compare_all(resample(MEAN, {"a": a, "b": b}, draws), len(a[0].samples))
    return found["a", "b"]


def draws(n: int, seed: int, shift: float = 0.0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).normal(shift, 1.0, n)


def test_over_seeds_is_the_sample_deviation() -> None:
    found = over_seeds([50.0, 52.0, 57.0])
    assert (found.mean, found.std, found.n) == (53.0, pytest.approx(13**0.5), 3)
    assert over_seeds([50.0]).std is None


def test_interval_agrees_with_scipy() -> None:
    values = [draws(120, s) for s in range(3)]
    found = resample(MEAN, {"m": {s: run(v) for s, v in enumerate(values)}}, draws=20_000)["m"]
    averaged = np.mean(values, axis=0).astype(np.float32).astype(np.float64)
    theirs = bootstrap(
        (averaged,), np.mean, n_resamples=20_000, method="percentile", rng=np.random.default_rng(1)
    ).confidence_interval
    bounds = interval(found)
    assert bounds.low == pytest.approx(theirs.low, abs=0.01)
    assert bounds.high == pytest.approx(theirs.high, abs=0.01)
    assert found.values.tolist() == pytest.approx([float(v.mean()) for v in values], abs=1e-6)


def test_without_contributions_the_resamples_are_the_same() -> None:
    groups = np.array([f"g{i // 3}" for i in range(30)])
    runs = {"a": {0: run(draws(30, 0), groups)}, "b": {0: run(draws(30, 1), groups)}}
    fast, slow = (resample(m, runs, draws=50, seed=3) for m in (MEAN, SLOW_MEAN))
    for model in runs:
        apart = fast[model].replicates - slow[model].replicates
        inner = np.sort(apart.ravel())[2:-2]  # an end may lie at the bound of the range
        assert np.ptp(inner) < 1e-5
        assert abs(np.median(apart)) < 0.05, "but for the resampling's own error"


def test_blocks_change_nothing_but_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = {"a": {0: run(draws(40, 0))}}
    whole = resample(MEAN, runs, draws=100)["a"].replicates
    monkeypatch.setattr("severe_bench.metrics.bootstrap.BLOCK", 120)
    blocked = resample(MEAN, runs, draws=100)["a"].replicates
    assert blocked.shape == whole.shape
    assert np.array_equal(blocked, whole)


def test_groups_widen_the_interval_as_the_theory_says() -> None:
    # 60 groups of 10 equal values: the standard error is that of 60 values, not of 600.
    group_values = draws(60, 4)
    values, groups = np.repeat(group_values, 10), np.repeat([f"g{i}" for i in range(60)], 10)
    wide = interval(resample(MEAN, {"m": {0: run(values, groups)}}, draws=20_000)["m"])
    narrow = interval(resample(MEAN, {"m": {0: run(values)}}, draws=20_000)["m"])
    assert (wide.high - wide.low) / (narrow.high - narrow.low) == pytest.approx(10**0.5, rel=0.08)


def crossed_by_loop(
    a: NDArray[np.float64], b: NDArray[np.float64], count: int
) -> tuple[float, float]:
    """(S, N) values of both models; seeds and videos drawn, the same for both."""
    rng = np.random.default_rng(99)
    seeds, videos = a.shape
    found = []
    for _ in range(count):
        s, v = rng.integers(seeds, size=seeds), rng.integers(videos, size=videos)
        found.append((a[s][:, v] - b[s][:, v]).mean())
    low, high = np.percentile(found, [2.5, 97.5])
    return float(low), float(high)


def test_paired_difference_agrees_with_a_loop_over_both_resamplings() -> None:
    rng = np.random.default_rng(5)
    hard = rng.normal(size=80)
    a = hard + rng.normal(size=(4, 80)) * 0.5 + rng.normal(size=(4, 1)) * 0.3 + 0.4
    b = hard + rng.normal(size=(4, 80)) * 0.5
    found = compared(
        {s: run(v) for s, v in enumerate(a)}, {s: run(v) for s, v in enumerate(b)}, 20_000
    )
    low, high = crossed_by_loop(a, b, 20_000)
    assert found.mean == pytest.approx(float((a - b).mean()), abs=1e-6)
    assert (found.low, found.high) == (pytest.approx(low, abs=0.02), pytest.approx(high, abs=0.02))
    assert (found.n, found.seeds) == (80, 4)


def test_only_common_seeds_count_and_without_any_there_is_none() -> None:
    a = {0: run(draws(30, 0)), 1: run(draws(30, 1))}
    b = {1: run(draws(30, 2)), 2: run(draws(30, 3))}
    found = resample(MEAN, {"a": a, "b": b, "c": {7: run(draws(30, 4))}})
    pairs = compare_all(found, 30)
    assert list(pairs) == [("a", "b")]
    both = pairs["a", "b"].difference
    assert both.seeds == 1
    assert both.mean == pytest.approx(float(found["a"].values[1] - found["b"].values[0]))


def test_a_model_does_not_differ_from_itself() -> None:
    same = {0: run(draws(30, 0)), 1: run(draws(30, 1))}
    found = every(same, same)
    assert found.difference == PairedDifference(0.0, -np.inf, np.inf, 30, 2)
    assert (found.p, found.video_se, found.freedom) == (1.0, None, 0.0)


def test_scaling_by_a_negative_factor_swaps_the_bounds() -> None:
    found = PairedDifference(1.0, -1.0, 3.0, 10, 2).scaled(-2.0)
    assert (found.mean, found.low, found.high) == (-2.0, -6.0, 2.0)
    assert not found.excludes_zero


def test_coverage_of_the_paired_interval_under_no_difference() -> None:
    # 200 worlds, 10 seeds x 100 videos, both with an effect of their own: about 95 % hold zero.
    rng = np.random.default_rng(6)
    held = 0
    for _ in range(200):
        seed_effect = rng.normal(size=(10, 1)) * 0.2
        video_effect = rng.normal(size=(1, 100)) * 0.5
        a = seed_effect + video_effect + rng.normal(size=(10, 100)) * 0.3
        found = compared(
            {s: run(v) for s, v in enumerate(a)}, {s: run(np.zeros(100)) for s in range(10)}
        )
        held += not found.excludes_zero
    assert 0.88 <= held / 200 <= 0.99


@pytest.mark.parametrize("measure", [TOP1, MEAN_PER_CLASS])
def test_real_metrics_go_through_the_registry_form(measure: Measure) -> None:
    rng = np.random.default_rng(7)
    targets = np.repeat(np.arange(5), 12)
    names = np.array([f"v{i}" for i in range(60)])
    runs = {
        s: Predictions(names, targets, rng.random((60, 5)).astype(np.float32), names)
        for s in range(2)
    }
    found = resample(measure, {"m": runs}, draws=100)["m"]
    bounds = interval(found)
    assert bounds.low < found.values.mean() < bounds.high
    assert found.values[1] == measure.value(runs[1].scores, runs[1].targets)


def test_other_videos_or_another_order_are_refused() -> None:
    first = run(draws(10, 0))
    other = Predictions(first.samples[::-1], first.targets, first.scores, first.groups)
    with pytest.raises(UserError, match="different videos"):
        resample(MEAN, {"a": {0: first}, "b": {0: other}})


def test_nothing_resampled_gives_nothing() -> None:
    assert resample(MEAN, {}) == {}


def test_slow_metrics_are_resampled_less_often_and_refused_where_that_is_too_slow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs = {"a": {0: run(draws(40, 0)), 1: run(draws(40, 1))}}
    monkeypatch.setattr("severe_bench.analysis.intervals.SLOW_WORK", 80 * 150)
    assert resample(SLOW_MEAN, runs, draws=400)["a"].replicates.shape == (2, 150)
    assert resample(SLOW_MEAN, runs, draws=120)["a"].replicates.shape == (2, 120)
    assert resample(MEAN, runs, draws=400)["a"].replicates.shape == (2, 400)
    monkeypatch.setattr("severe_bench.analysis.intervals.SLOW_WORK", 80 * 99)
    with pytest.raises(UserError, match="too slow to resample for 2 cells"):
        resample(SLOW_MEAN, runs, draws=400)


def test_per_group_sums_are_of_the_contributions() -> None:
    groups = np.array(["x", "y", "x", "z"])
    found = resample(MEAN, {"a": {0: run(np.array([1.0, 2.0, 3.0, 4.0]), groups)}}, draws=10)["a"]
    assert found.per_group is not None
    assert found.per_group.tolist() == [[4.0, 2.0, 4.0]]
    assert found.groups == 3
    assert resample(SLOW_MEAN, {"a": {0: run(draws(9, 0))}}, draws=10)["a"].per_group is None
