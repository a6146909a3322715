from math import inf

import numpy as np
import pytest
import scipy.stats
from numpy.typing import NDArray

from severe_bench.core.metric import Metric
from severe_bench.metrics.accuracy import MEAN_PER_CLASS, TOP1
from severe_bench.metrics.bootstrap import Clusters, interval, replicates
from severe_bench.metrics.measure import METRICS, Measure


def names(n: int, size: int = 1) -> NDArray[np.str_]:
    return np.array([f"group-{index // size}" for index in range(n)])


def plain_mean(scores: NDArray[np.float32], targets: NDArray[np.generic]) -> float:
    return float(scores.mean())


METRIC = Metric("mean", "mean", "", 0.0, 1.0, farthest=-inf)
SLOW = Measure(METRIC, plain_mean)
FAST = Measure(METRIC, plain_mean, lambda scores, targets: scores.astype(np.float64))
NONE = np.zeros(0)


@pytest.mark.parametrize("size", [1, 3])
def test_fast_and_slow_paths_are_the_same(size: int) -> None:
    scores = np.random.default_rng(0).normal(size=31).astype(np.float32)
    groups = names(31, size)
    low, high = interval(SLOW, scores, np.zeros(31), groups, seed=4)
    fast = interval(FAST, scores, NONE, groups, seed=4)
    assert fast[1] - fast[0] == pytest.approx(high - low, abs=1e-6)
    assert fast == pytest.approx((low, high), abs=0.01), "but for the resampling's own error"


@pytest.mark.parametrize("prevalence", [0.01, 0.04, 0.1])
def test_an_interval_of_average_precision_lies_around_its_value(prevalence: float) -> None:
    """Copies in a resample raise it: without a correction even the lower end can be too high."""
    random = np.random.default_rng(0)
    targets = (random.random((300, 20)) < prevalence).astype(np.float32)
    scores = (targets + random.normal(0, 1.5, targets.shape)).astype(np.float32)
    measure = METRICS.get("map")
    groups = np.array([f"video-{n}" for n in range(300)])
    whole = measure.value(scores, targets)
    low, high = interval(measure, scores, targets, groups, resamples=300)
    assert low < whole < high
    assert (low + high) / 2 == pytest.approx(whole, abs=0.25 * (high - low))
    halves = [measure.value(scores[half], targets[half]) for half in (slice(150), slice(150, 300))]
    assert abs(halves[0] - halves[1]) < 3 * (high - low)


def test_scipy_agrees() -> None:
    values = np.random.default_rng(1).gamma(2.0, size=60)
    expected = scipy.stats.bootstrap(
        (values,), np.mean, n_resamples=20000, method="percentile", rng=np.random.default_rng(2)
    ).confidence_interval
    low, high = interval(FAST, values.astype(np.float32), NONE, names(60), resamples=20000)
    spread = expected.high - expected.low
    assert low == pytest.approx(expected.low, abs=0.03 * spread)
    assert high == pytest.approx(expected.high, abs=0.03 * spread)


def test_scipy_agrees_on_a_metric_that_is_no_mean() -> None:
    random = np.random.default_rng(3)
    targets = random.integers(3, size=90)
    scores = (np.eye(3)[targets] + random.normal(size=(90, 3))).astype(np.float32)
    rows = np.arange(90)
    expected = scipy.stats.bootstrap(
        (rows,),
        lambda drawn: MEAN_PER_CLASS.value(scores[drawn], targets[drawn]),
        vectorized=False,
        n_resamples=4000,
        method="percentile",
        rng=np.random.default_rng(2),
    ).confidence_interval
    low, high = interval(MEAN_PER_CLASS, scores, targets, names(90), resamples=4000)
    spread = expected.high - expected.low
    assert low == pytest.approx(expected.low, abs=0.08 * spread)
    assert high == pytest.approx(expected.high, abs=0.08 * spread)


def covered(size: int, clusters: int, told: bool) -> float:
    """Share of 300 simulated test sets whose interval holds the true accuracy of 70 %.

    Samples of one group share an effect on their chance to be right; `told` gives the groups.
    """
    random = np.random.default_rng(size)
    inside = 0
    for _ in range(300):
        chance = random.beta(1.4, 0.6, size=clusters) if size > 1 else np.full(clusters, 0.7)
        right = random.random((clusters, size)) < chance[:, None]
        scores = np.stack([right.ravel(), ~right.ravel()], axis=1).astype(np.float32)
        groups = names(clusters * size, size if told else 1)
        targets = np.zeros(clusters * size, np.int64)
        low, high = interval(TOP1, scores, targets, groups, resamples=400)
        inside += low <= 70.0 <= high
    return inside / 300


def test_coverage_of_independent_samples() -> None:
    """Nominal 95 %; four standard errors of 300 trials are 5 points."""
    assert 0.90 <= covered(1, 150, told=True) <= 0.99


def test_coverage_of_grouped_samples_needs_the_groups() -> None:
    assert 0.89 <= covered(8, 60, told=True) <= 0.99
    assert covered(8, 60, told=False) < 0.80


def test_uneven_groups_weigh_by_their_samples() -> None:
    """Two groups: sizes 1 and 3, values 1 and 0; resamples give 1, 0 or 1/4 and nothing else."""
    scores, groups = np.array([1, 0, 0, 0], np.float32), np.array(["a", "b", "b", "b"])
    drawn = replicates(FAST, [(scores, NONE)], Clusters.of(groups), 1000)
    assert set(drawn.ravel().tolist()) == {0.0, 0.25, 1.0}


def test_repeatable_and_seeded() -> None:
    scores = np.random.default_rng(0).normal(size=50).astype(np.float32)
    first = interval(FAST, scores, NONE, names(50), seed=1)
    assert interval(FAST, scores, NONE, names(50), seed=1) == first
    assert interval(FAST, scores, NONE, names(50), seed=2) != first


def test_group_names_do_not_matter_only_who_shares_one() -> None:
    scores = np.arange(6, dtype=np.float32)
    left = interval(FAST, scores, NONE, np.array(["a", "a", "b", "b", "c", "c"]))
    right = interval(FAST, scores, NONE, np.array(["p", "p", "q", "q", "r", "r"]))
    assert left == right


def test_one_group_says_nothing_of_the_spread() -> None:
    scores = np.array([0.0, 1.0], np.float32)
    assert interval(FAST, scores, NONE, np.array(["a", "a"])) is None


def test_a_perfect_model_may_be_wrong_on_other_videos() -> None:
    targets = np.arange(20) % 4
    scores = np.eye(4, dtype=np.float32)[targets]
    found = interval(TOP1, scores, targets, names(20))
    assert found == pytest.approx((100 * 0.05 ** (1 / 20), 100.0))
    assert interval(MEAN_PER_CLASS, scores, targets, names(20)) is None


def test_blocks_bound_memory_and_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = np.random.default_rng(0).normal(size=40).astype(np.float32)
    whole = interval(FAST, scores, NONE, names(40), resamples=400)
    monkeypatch.setattr("severe_bench.metrics.bootstrap.BLOCK", 90)
    assert interval(FAST, scores, NONE, names(40), resamples=400) == whole


@pytest.mark.parametrize("size", [1, 4])
def test_classes_resampled_at_once_are_what_one_by_one_gives(size: int) -> None:
    """Nine classes, some so rare that a resample may have none of them."""
    random = np.random.default_rng(5)
    targets = np.minimum(random.geometric(0.35, size=80) - 1, 8)
    scores = (np.eye(9)[targets] + random.normal(size=(80, 9))).astype(np.float32)
    one_by_one = Measure(MEAN_PER_CLASS.metric, MEAN_PER_CLASS.value)
    runs = [(scores, targets), (scores[:, ::-1].copy(), targets)]
    clusters = Clusters.of(names(80, size))
    fast, slow = (replicates(m, runs, clusters, 200) for m in (MEAN_PER_CLASS, one_by_one))
    assert fast == pytest.approx(slow, abs=1e-9)
    assert fast.shape == (2, 200)


def test_an_interval_of_what_can_be_below_zero_holds_its_value() -> None:
    """Clusters by chance have a negative adjusted Rand index half of the time."""
    random, ari, below = np.random.default_rng(3), METRICS.get("ari"), 0
    for _ in range(20):
        scores = random.integers(5, size=200).astype(np.float32)
        targets = random.integers(5, size=200)
        low, high = interval(ari, scores, targets, names(200), resamples=100)
        value = ari.value(scores, targets)
        assert low <= value <= high
        below += value < 0
    assert below >= 5
