"""Tests of pairs against scipy, statsmodels-free definitions and simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.stats import binomtest, false_discovery_control, ttest_1samp

from severe_bench.analysis.comparison import (
    compare_all,
    detectable,
    freedom_of,
    holm,
    mcnemar,
    t_test,
)
from severe_bench.analysis.intervals import Resampled, resample, with_seeds_drawn
from severe_bench.metrics.accuracy import MEAN_PER_CLASS, TOP1
from severe_bench.metrics.counting import COUNTING_ERROR
from severe_bench.metrics.few_groups import equal_differences_p, equal_groups
from severe_bench.store.predictions import Predictions
from tests.analysis.simulation import World, simulate


def right(hits: NDArray[np.bool_], groups: NDArray[np.str_] | None = None) -> Predictions:
    """Predictions of two classes, class 0 everywhere, right where `hits` says so."""
    names = np.array([f"v{i}" for i in range(len(hits))])
    scores = np.stack([hits, ~hits], axis=1).astype(np.float32)
    own = names if groups is None else groups
    return Predictions(names, np.zeros(len(hits), np.int64), scores, own)


def hits(n: int, chance: float, seed: int) -> NDArray[np.bool_]:
    return np.random.default_rng(seed).random(n) < chance


@given(st.integers(0, 60), st.integers(0, 60))
def test_mcnemar_is_the_exact_binomial_test(a_only: int, b_only: int) -> None:
    expected = binomtest(a_only, a_only + b_only).pvalue if a_only + b_only else 1.0
    assert mcnemar(a_only, b_only) == pytest.approx(expected, abs=1e-12)


def test_with_one_seed_the_exact_test_is_mcnemars_on_discordant_videos() -> None:
    a, b = hits(200, 0.7, 0), hits(200, 0.6, 1)
    found = compare_all(resample(TOP1, {"a": {0: right(a)}, "b": {0: right(b)}}), 200)["a", "b"]
    counts = int((a & ~b).sum()), int((b & ~a).sum())
    assert (found.a_better, found.b_better) == counts
    assert found.sign_p == pytest.approx(binomtest(counts[0], sum(counts)).pvalue)
    assert found.seed_se is None


def test_groups_are_what_is_counted_where_there_are_groups() -> None:
    groups = np.repeat(["g0", "g1", "g2", "g3"], 3)
    a = right(np.array([1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 0, 1], bool), groups)
    b = right(np.array([0, 1, 0, 1, 1, 1, 1, 1, 0, 1, 0, 0], bool), groups)
    found = compare_all(resample(TOP1, {"a": {0: a}, "b": {0: b}}, draws=200), 12)["a", "b"]
    assert (found.a_better, found.b_better) == (2, 1)
    assert found.sign_p == 1.0


def counted(errors: NDArray[np.float64]) -> Predictions:
    """Predicted counts, off by a share of the true ones."""
    names = np.array([f"v{i}" for i in range(len(errors))])
    true = np.arange(len(errors)) % 7 + 2
    return Predictions(names, true, (true * (1 + errors)).astype(np.float32), names)


def test_of_errors_less_is_better() -> None:
    errors = np.random.default_rng(0).random((2, 50)) * [[0.1], [0.5]]
    runs = {name: {0: counted(rows)} for name, rows in zip("ab", errors, strict=True)}
    found = compare_all(resample(COUNTING_ERROR, runs, draws=200), 50)["a", "b"]
    better = int((errors[0] < errors[1]).sum())
    assert (found.a_better, found.b_better) == (better, 50 - better)
    assert better > 25


@pytest.mark.parametrize("groups", [3, 5, 6, 10, 60])
def test_groups_that_all_differ_alike_are_judged_by_the_sign_test(groups: int) -> None:
    """Resampling them says that the difference is 100 for sure, however few they are."""
    all_, none = np.ones(groups, bool), np.zeros(groups, bool)
    runs = {"a": {0: right(all_)}, "b": {0: right(none)}}
    found = compare_all(resample(TOP1, runs, draws=300), groups)["a", "b"]
    assert found.p == pytest.approx(binomtest(groups, groups).pvalue)
    assert found.p == pytest.approx(found.sign_p)
    assert found.video_se is None
    assert found.freedom == 0
    share = binomtest(groups, groups).proportion_ci(0.95).low  # Clopper and Pearson, two-sided
    low = 100 * (share - (1 - share))
    assert found.difference.low == pytest.approx(low)
    assert found.difference.high == 100.0
    assert found.difference.excludes_zero == (found.p < 0.05)


@given(st.floats(0.5, 100), st.integers(3, 60))
def test_no_world_of_no_difference_shows_equal_groups_more_often(d: float, groups: int) -> None:
    """The share of groups that differ by d is at its most where all others differ by -100."""
    most = linprog([-1, 0, 0], A_eq=[[d, -100, 100], [1, 1, 1]], b_eq=[0, 1]).x[0]
    p = equal_differences_p(d, groups, 100.0)
    assert p == pytest.approx(min(1.0, 2 * most**groups))
    (bounds,) = equal_groups(np.array([d]), groups, (-100.0, 100.0), 0.025)
    assert (bounds[0] > 0) == (p < 0.05) or p == pytest.approx(0.05)


def test_seeds_count_too_where_videos_differ_alike() -> None:
    """Mean differences of 100, 100 and 0 on every video: the seeds alone would have p = 0.18."""
    runs = {
        "a": {s: right(np.full(50, s < 2)) for s in range(3)},
        "b": {s: right(np.zeros(50, bool)) for s in range(3)},
    }
    found = compare_all(resample(TOP1, runs, draws=300), 50)["a", "b"]
    expected = ttest_1samp([100.0, 100.0, 0.0], 0.0)
    assert found.p == pytest.approx(expected.pvalue)
    assert not found.difference.excludes_zero


def test_of_equal_groups_of_what_is_no_mean_or_has_no_end_nothing_is_known() -> None:
    worse = {name: {0: counted(np.full(8, error))} for name, error in (("a", 0.5), ("b", 1.5))}
    targets = np.array([0, 1] * 10)
    names = np.array([f"v{i}" for i in range(20)])
    scores = np.eye(2, dtype=np.float32)[targets]
    classes = {
        "a": {0: Predictions(names, targets, scores, names)},
        "b": {0: Predictions(names, targets, 1 - scores, names)},
    }
    for measure, runs, most in (
        (COUNTING_ERROR, worse, np.inf),
        (MEAN_PER_CLASS, classes, 100.0),
    ):
        found = compare_all(resample(measure, runs, draws=100), 20)["a", "b"]
        assert (found.difference.low, found.difference.high) == (-most, most)
        assert found.p == 1.0


@pytest.mark.parametrize("seeds", [(0,), (0, 1, 2)])
def test_intervals_are_percentiles_of_draws_that_both_models_share(seeds: tuple[int, ...]) -> None:
    runs = {
        model: {s: right(hits(90, chance, 10 * i + s)) for s in seeds}
        for i, (model, chance) in enumerate({"a": 0.5, "b": 0.6, "c": 0.4}.items())
    }
    resampled = resample(TOP1, runs, draws=400)
    for (a, b), found in compare_all(resampled, 90).items():
        apart = resampled[a].replicates - resampled[b].replicates
        low, high = np.percentile(with_seeds_drawn(apart), [2.5, 97.5])
        means = resampled[a].values - resampled[b].values
        assert found.difference.mean == pytest.approx(means.mean())
        assert found.difference.low == pytest.approx(low)
        assert found.difference.high == pytest.approx(high)


def test_only_common_seeds_are_compared_and_pairs_without_any_are_left_out() -> None:
    runs = {
        "a": {0: right(hits(60, 0.5, 0)), 1: right(hits(60, 0.5, 1))},
        "b": {1: right(hits(60, 0.5, 2)), 2: right(hits(60, 0.5, 3))},
        "c": {7: right(hits(60, 0.5, 4))},
    }
    found = compare_all(resample(TOP1, runs, draws=100), 60)
    assert list(found) == [("a", "b")]
    assert found["a", "b"].difference.seeds == 1


def test_the_standard_error_of_videos_is_that_of_the_paired_differences() -> None:
    a, b = hits(400, 0.7, 0), hits(400, 0.5, 1)
    found = compare_all(
        resample(TOP1, {"a": {0: right(a)}, "b": {0: right(b)}}, draws=20_000), 400
    )["a", "b"]
    differences = 100.0 * (a.astype(float) - b.astype(float))
    assert found.video_se == pytest.approx(differences.std() / 20.0, rel=0.03)
    assert found.p == pytest.approx(ttest_1samp(differences, 0.0).pvalue, rel=0.25)


def test_without_seeds_it_is_the_t_test_and_without_videos_it_is_that_of_seeds() -> None:
    sample = np.array([1.0, 2.5, -0.5, 3.0, 1.5])
    mean, se = float(sample.mean()), float(sample.std(ddof=1) / np.sqrt(5))
    expected = ttest_1samp(sample, 0.0).pvalue
    assert t_test(mean, se, 5, None, 1) == pytest.approx(expected)
    assert t_test(mean, 0.0, 1000, se, 5) == pytest.approx(expected)
    assert t_test(0.0, 0.0, 5, None, 1) == 1.0
    assert t_test(1.0, 0.0, 5, 0.0, 3) == 0.0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_holm_agrees_with_its_definition(p_values: list[float]) -> None:
    found = holm(p_values)
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    running = 0.0
    for step, i in enumerate(order):
        running = max(running, min(1.0, p_values[i] * (len(p_values) - step)))
        assert found[i] == pytest.approx(running)
    benjamini = false_discovery_control(p_values)
    assert all(ours >= theirs - 1e-12 for ours, theirs in zip(found, benjamini, strict=True))


def test_a_pair_turned_round_is_the_same_finding() -> None:
    runs = {"a": {0: right(hits(80, 0.7, 0))}, "b": {0: right(hits(80, 0.5, 1))}}
    found = compare_all(resample(TOP1, runs, draws=200), 80)["a", "b"]
    turned = found.turned()
    assert turned.difference.mean == -found.difference.mean
    assert (turned.difference.low, turned.difference.high) == (
        -found.difference.high,
        -found.difference.low,
    )
    assert (turned.a_better, turned.p) == (found.b_better, found.p)


def test_metrics_that_are_no_mean_have_no_exact_test() -> None:
    targets = np.repeat([0, 1], 20)
    names = np.array([f"v{i}" for i in range(40)])
    rng = np.random.default_rng(0)
    runs = {
        model: {0: Predictions(names, targets, rng.random((40, 2)).astype(np.float32), names)}
        for model in "ab"
    }
    found = compare_all(resample(MEAN_PER_CLASS, runs, draws=200), 40)["a", "b"]
    assert found.sign_p is None
    assert 0 <= found.p <= 1


@pytest.mark.parametrize(("videos", "seeds"), [(40, 1), (40, 3), (400, 3), (10, 5)])
def test_detectable_difference_is_found_four_times_out_of_five(videos: int, seeds: int) -> None:
    """By the test that is made, on simulated means of videos and of seeds; not by +-1.96.

    Videos are many where there are several seeds, so that only the seeds' freedom is small.
    """
    rng, trials = np.random.default_rng(videos + seeds), 4000
    video_se, seed_se = 0.3, (1.0 if seeds > 1 else None)
    freedom = freedom_of(video_se, videos, seed_se, seeds)
    true = detectable(float(np.hypot(video_se, seed_se or 0.0)), freedom)
    of_videos = video_se**2 * rng.chisquare(videos - 1, trials) / (videos - 1)
    of_seeds = np.zeros(trials)
    if seed_se is not None:
        of_seeds = seed_se**2 * rng.chisquare(seeds - 1, trials) / (seeds - 1)
    means = rng.normal(true, np.hypot(video_se, seed_se or 0.0), trials)
    found = [
        t_test(mean, float(np.sqrt(v)), videos, float(np.sqrt(s)) if seed_se else None, seeds)
        < 0.05
        for mean, v, s in zip(means, of_videos, of_seeds, strict=True)
    ]
    assert np.mean(found) == pytest.approx(0.8, abs=0.03)


def test_detectable_needs_a_degree_of_freedom() -> None:
    assert np.isnan(detectable(1.0, 0.0))
    assert freedom_of(1.0, 1, None, 1) == 0.0
    assert freedom_of(0.0, 50, 0.0, 3) == 0.0


def test_size_of_the_test_and_coverage_of_the_interval_with_seeds_and_groups() -> None:
    """Nominal 5 and 95 %; 300 worlds, four standard errors are 5 points. See docs/statistics.md."""
    found = simulate(World(seeds=5, groups=60, per_group=3), worlds=300, draws=300)
    assert found.rejected <= 0.10
    assert 0.86 <= found.covered <= 0.99


def test_nothing_to_compare() -> None:
    one = Resampled((0,), np.zeros(1), np.zeros((1, 10)), None, 5, TOP1.metric)
    assert compare_all({"a": one}, 5) == {}
