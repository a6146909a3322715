"""Ranks and agreement under redrawn test sets, against plain loops."""

import numpy as np
import pytest
from scipy.stats import kendalltau, rankdata

from severe_bench.analysis.intervals import Resampled
from severe_bench.analysis.redrawn import (
    Redrawn,
    agreement_of_each,
    interval_of,
    overall,
    rank_intervals,
    ranks_of_each,
    redraw,
)
from severe_bench.core.metric import Metric

ERROR = Metric("error", "error", "", worst=1.0, best=0.0)
RNG = np.random.default_rng(0)


def resampled(replicates: np.ndarray) -> Resampled:
    seeds, _ = replicates.shape
    return Resampled(tuple(range(seeds)), replicates.mean(axis=1), replicates, None, 100, ERROR)


def test_ranks_of_each_draw_are_competition_ranks() -> None:
    scores = RNG.integers(4, size=(6, 50)).astype(float)
    expected = np.stack([rankdata(-column, method="min") for column in scores.T], axis=1)
    assert np.array_equal(ranks_of_each(scores), expected)


def test_scores_obey_the_direction_and_one_seed_is_taken_as_it_is() -> None:
    found = redraw({"a": resampled(np.array([[0.1, 0.4]]))}, ERROR)
    assert found.scores.tolist() == [[90.0, 60.0]]


def test_seeds_are_drawn_alike_for_models_with_as_many() -> None:
    replicates = RNG.random((3, 200))
    metric = Metric("top1", "", "%", 0.0, 100.0)
    found = redraw({"a": resampled(replicates), "b": resampled(replicates + 1.0)}, metric)
    assert found.scores[1] - found.scores[0] == pytest.approx(np.ones(200))
    plain = replicates.mean(axis=0)
    assert found.scores[0].std() > plain.std()


def test_rank_intervals_of_models_that_never_and_always_swap() -> None:
    scores = np.array([[3.0] * 100, [2.0, 1.0] * 50, [1.0, 2.0] * 50])
    found = rank_intervals(Redrawn(("first", "b", "c"), scores))
    assert (found["first"].low, found["first"].high) == (1.0, 1.0)
    assert (found["b"].low, found["b"].high) == (2.0, 3.0)


def test_overall_is_the_mean_over_experiments_of_each_draw() -> None:
    one, two = (Redrawn(("a", "b"), RNG.normal(size=(2, 400))) for _ in range(2))
    found = overall([one, two], ["b", "a"])
    means = (one.scores + two.scores) / 2
    low, high = np.quantile(means[1], [0.025, 0.975])
    assert (found.mean_scores["b"].low, found.mean_scores["b"].high) == (low, high)
    lead = np.quantile(means[1] - means[0], [0.025, 0.975])
    assert (found.behind_first["a"].low, found.behind_first["a"].high) == pytest.approx(lead)
    assert set(found.behind_first) == {"a"}
    assert 1.0 <= found.average_ranks["a"].low <= found.average_ranks["a"].high <= 2.0


def test_agreement_of_each_draw_is_kendalls_tau_over_common_models() -> None:
    models = tuple("abcde")
    standard = Redrawn(models, RNG.integers(5, size=(5, 30)).astype(float))
    here = Redrawn(models[::-1][:4], RNG.normal(size=(4, 20)))
    found = agreement_of_each(standard, here)
    rows = [models.index(model) for model in models if model in here.models]
    for b in range(20):
        theirs = here.of([models[i] for i in rows])[:, b]
        expected = kendalltau(standard.scores[rows, b], theirs, variant="b").statistic
        assert found[b] == pytest.approx(expected, nan_ok=True)


def test_undefined_draws_are_left_out_of_the_interval() -> None:
    assert interval_of(np.array([np.nan, np.nan])) is None
    found = interval_of(np.array([np.nan, 0.5, 0.5]))
    assert found is not None
    assert (found.low, found.high) == (0.5, 0.5)
