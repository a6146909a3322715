"""Intervals of few groups of test videos."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binomtest, ttest_1samp, ttest_rel

from severe_bench.analysis.comparison import compare_all
from severe_bench.analysis.harvest import Harvest, Measured
from severe_bench.analysis.intervals import interval, resample
from severe_bench.analysis.lesson import judge
from severe_bench.analysis.study import Study, build_study
from severe_bench.config.claims import Claim
from severe_bench.core.errors import UserError
from severe_bench.metrics import bootstrap
from severe_bench.metrics.accuracy import MEAN_PER_CLASS, TOP1
from severe_bench.metrics.few_groups import FEW, FEWEST, equal_groups
from severe_bench.report.tables.scores import long
from severe_bench.report.words import warnings
from severe_bench.store.predictions import Predictions
from tests.analysis.builder import PROVENANCE, Trial, evaluate_cell
from tests.analysis.simulation import World, simulate


def run(chance: float, groups: int, per_group: int, seed: int) -> Predictions:
    n = groups * per_group
    hits = np.random.default_rng(seed).random(n) < chance
    scores = np.stack([hits, ~hits], axis=1).astype(np.float32)
    members = np.array([f"g{i % groups:03d}" for i in range(n)])
    return Predictions(np.array([f"v{i:03d}" for i in range(n)]), np.zeros(n, int), scores, members)


def of_groups(found: Predictions) -> NDArray[np.float64]:
    groups = len(set(found.groups.tolist()))
    return np.asarray(100 * found.scores[:, 0].reshape(-1, groups).mean(axis=0), np.float64)


def study(groups: int) -> Study:
    """Two models, `a` nearly always right and `b` nearly always wrong, on 40 videos."""
    trial = Trial("near", "standard", {"a": 0.9, "b": 0.1})
    runs, cells = {}, []
    for seed, (model, chance) in enumerate(trial.skill.items()):
        cell = evaluate_cell(trial, model, 0)
        assert cell.label is not None
        runs[cell.id] = run(chance, groups, 40 // groups, seed)
        value = TOP1.value(runs[cell.id].scores, runs[cell.id].targets)
        cells.append(Measured(cell.id, cell.label, {"top1": value}, 40, 1.0, 1, PROVENANCE))
    return build_study(Harvest("s", tuple(cells)), runs.get)


@pytest.mark.parametrize("groups", [1, 2])
def test_one_or_two_groups_say_nothing_of_other_test_sets(groups: int) -> None:
    a = run(0.9, groups, 20, 0)
    assert bootstrap.interval(TOP1, a.scores, a.targets, a.groups) is None
    with pytest.raises(UserError, match=f"are of {groups} group"):
        resample(TOP1, {"a": {0: a}})
    found = study(groups)
    assert found.uncertainties == {}
    (note,) = found.notes
    assert note.startswith(f"near has no intervals: its 40 test videos are of {groups} group")
    assert {summary.interval for summary in found.summaries.values()} == {None}
    assert {summary.ranks for summary in found.summaries.values()} == {None}
    assert found.summaries["near", "b"].best_or_equal is None
    shown = {row[2].text: row[-2].text for row in long(found).rows}
    assert shown == {"a": "yes", "b": "not tested"}
    (verdict,) = judge([Claim(experiment="near", better="a", worse="b")], found.difference)
    assert verdict.outcome == "not measured"


def test_few_groups_are_warned_of() -> None:
    (said,) = (text for text in warnings(study(5)) if "groups" in text)
    assert "near (5)" in said
    assert not any("groups" in text for text in warnings(study(FEW)))


@pytest.mark.parametrize("groups", [FEWEST, 5, 12, FEW - 1])
def test_with_few_groups_the_interval_is_that_of_the_t_test(groups: int) -> None:
    a, b = run(0.6, groups, 20, 0), run(0.5, groups, 20, 1)
    resampled = resample(TOP1, {"a": {0: a}, "b": {0: b}}, draws=20_000)
    found = compare_all(resampled, groups * 20)["a", "b"]
    expected = ttest_rel(of_groups(a), of_groups(b))
    bounds = expected.confidence_interval(0.95)
    assert found.p == pytest.approx(expected.pvalue, rel=0.1, abs=0.01)
    shown = [found.difference.low, found.difference.high]
    assert shown == pytest.approx([bounds.low, bounds.high], rel=0.05)
    assert found.difference.excludes_zero == (found.p < 0.05)
    single = ttest_1samp(of_groups(a), 50.0).confidence_interval(0.95)
    own = interval(resampled["a"])
    assert own is not None
    expected_own = [max(0.0, single.low), min(100.0, single.high)]
    assert [own.low, own.high] == pytest.approx(expected_own, rel=0.05)
    cell = bootstrap.interval(TOP1, a.scores, a.targets, a.groups, resamples=20_000)
    assert cell is not None
    assert list(cell) == pytest.approx([own.low, own.high], rel=0.05)


def test_intervals_stay_within_the_metric() -> None:
    found = resample(TOP1, {"a": {0: run(0.9, 3, 5, 4)}}, draws=500)["a"]
    own = interval(found)
    assert own is not None
    assert 0.0 <= own.low < own.high == 100.0
    assert found.widened.max() <= 100.0


@pytest.mark.parametrize(
    ("groups", "per_group", "seeds"),
    [(3, 30, 1), (5, 12, 1), (10, 10, 1), (20, 6, 1), (FEW - 1, 4, 1), (5, 12, 3)],
)
def test_models_that_are_equal_are_told_apart_in_a_twentieth(
    groups: int, per_group: int, seeds: int
) -> None:
    """Nominal 5 %; 300 worlds: four standard errors are 5 points. Percentiles gave 10 to 40 %."""
    effect = 0.12 if seeds > 1 else 0.0
    world = World(seeds, groups, per_group, run_effect=effect)
    found = simulate(world, worlds=300, draws=200)
    assert 1 - found.covered <= 0.10
    assert found.rejected <= 0.10
    if seeds == 1:
        assert 1 - found.covered == pytest.approx(found.rejected)
    assert 1 - found.single <= 0.11


@pytest.mark.parametrize("groups", [3, 10, 39, 40, 200])
def test_a_perfect_score_has_the_exact_interval_of_a_share(groups: int) -> None:
    """Clopper and Pearson's one-sided bound, by scipy."""
    a = run(1.0, groups, 1, 0)
    expected = 100 * binomtest(groups, groups, alternative="greater").proportion_ci(0.95).low
    cell = bootstrap.interval(TOP1, a.scores, a.targets, a.groups)
    own = interval(resample(TOP1, {"a": {0: a}}, draws=300)["a"])
    assert own is not None
    assert cell == pytest.approx((expected, 100.0))
    assert (own.low, own.high) == pytest.approx((expected, 100.0))
    wrong = run(0.0, groups, 1, 0)
    none = bootstrap.interval(TOP1, wrong.scores, wrong.targets, wrong.groups)
    assert none == pytest.approx((0.0, 100 - expected))


def test_equal_groups_within_the_scale_reach_to_both_sides() -> None:
    (found,) = equal_groups(np.array([50.0]), 10, (0.0, 100.0))
    share = 0.05**0.1
    assert found.tolist() == pytest.approx([50 * share, 100 - 50 * share])


def test_what_is_no_mean_over_videos_has_no_interval_where_all_resamples_agree() -> None:
    targets = np.arange(10) % 2
    scores = np.tile(np.array([1.0, 0.0], np.float32), (10, 1))
    groups = np.array([f"g{i}" for i in range(10)])
    assert MEAN_PER_CLASS.value(scores, targets) == 50.0
    assert bootstrap.interval(MEAN_PER_CLASS, scores, targets, groups) is None


def test_a_value_of_equal_groups_without_an_end_of_the_scale_has_no_interval() -> None:
    found = np.zeros((1, 50))
    limits = (0.0, float("inf"))
    with np.errstate(invalid="raise"):
        assert bootstrap.known_intervals(found, np.zeros(1), 10, limits, mean=True) == [None]


def test_intervals_of_rare_errors_hold_the_truth() -> None:
    """Worlds in which one group in a hundred is wrong: t alone would leave it out nine times."""
    rng = np.random.default_rng(0)
    hits = 100.0 * (rng.random((1000, 10)) < 0.99)
    weights = rng.multinomial(10, [0.1] * 10, size=200) / 10
    found = bootstrap.known_intervals(
        hits @ weights.T, hits.mean(axis=1), 10, (0.0, 100.0), mean=True
    )
    held = [ends is not None and ends[0] <= 99.0 <= ends[1] for ends in found]
    assert np.mean(held) > 0.95


def test_a_difference_stays_within_what_two_values_of_the_metric_can_have() -> None:
    runs = {
        model: {s: run(chance, 10, 2, 7 * s + k) for s, chance in enumerate(chances)}
        for k, (model, chances) in enumerate({"a": (1.0, 0.1), "b": (0.2, 0.6)}.items())
    }
    found = compare_all(resample(TOP1, runs, draws=300), 20)["a", "b"].difference
    assert (found.low, found.high) == (-100.0, 100.0)
