"""Kendall's tau-b against scipy, its p-value against counting by hand."""

import math
from itertools import permutations

import numpy as np
import pytest
from scipy.stats import kendalltau, spearmanr

from severe_bench.analysis.agreement import kendall, kendall_of_each, mean_ranks, spearman


@pytest.mark.parametrize("seed", range(20))
def test_tau_agrees_with_scipy_with_and_without_ties(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.integers(4, size=7), rng.normal(size=7)
    assert kendall(x, y).value == pytest.approx(kendalltau(x, y, variant="b").statistic)


@pytest.mark.parametrize("count", [3, 5, 7])
def test_exact_p_agrees_with_scipy_without_ties(count: int) -> None:
    rng = np.random.default_rng(count)
    for _ in range(5):
        x, y = rng.permutation(count), rng.permutation(count)
        found = kendall(x, y)
        assert found.exact
        assert found.p == pytest.approx(kendalltau(x, y, method="exact").pvalue)


def test_four_models_cannot_give_a_small_p() -> None:
    found = kendall([1, 2, 3, 4], [1, 2, 3, 4])
    assert found.value == 1.0
    assert found.p == found.smallest_p == pytest.approx(2 / 24)


def test_ties_by_hand() -> None:
    # y = 1 1 2 has three distinct orders, |tau-b| is the same for 112 and 211 and 0 for 121.
    found = kendall([1, 2, 3], [1, 1, 2])
    assert found.value == pytest.approx(2 / math.sqrt(3 * 2))
    assert found.p == pytest.approx(2 / 3)


def test_many_models_are_sampled_near_scipy() -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=11)
    y = x + rng.normal(size=11)
    found = kendall(x, y)
    assert not found.exact
    assert found.p == pytest.approx(kendalltau(x, y, method="exact").pvalue, abs=0.01)


def test_a_single_tie_has_no_order() -> None:
    assert math.isnan(kendall([1, 1, 1], [1, 2, 3]).value)


@pytest.mark.parametrize("seed", range(10))
def test_rho_agrees_with_scipy_with_and_without_ties(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.integers(4, size=9), rng.normal(size=9)
    found = spearman(x, y)
    assert found.value == pytest.approx(spearmanr(x, y).statistic)


def test_exact_p_of_rho_is_counted_over_all_orders() -> None:
    x, y = np.array([1.0, 2, 2, 4, 5]), np.array([2.0, 1, 4, 4, 5])
    seen = abs(spearmanr(x, y).statistic)
    others = [abs(spearmanr(x, list(order)).statistic) for order in permutations(y)]
    expected = np.mean([other >= seen - 1e-9 for other in others])
    assert spearman(x, y).p == pytest.approx(expected)


def test_p_values_are_uniform_where_nothing_is_there() -> None:
    rng = np.random.default_rng(1)
    small = [kendall(rng.permutation(11), rng.permutation(11)).p < 0.05 for _ in range(800)]
    assert 0.02 <= np.mean(small) <= 0.07


def test_many_columns_at_once_are_what_one_by_one_gives() -> None:
    rng = np.random.default_rng(2)
    x, y = rng.integers(4, size=(7, 20)).astype(float), rng.normal(size=(7, 20))
    found = kendall_of_each(x, y)
    for b in range(20):
        assert found[b] == pytest.approx(kendalltau(x[:, b], y[:, b]).statistic, nan_ok=True)


def test_mean_ranks() -> None:
    assert mean_ranks([3.0, 1.0, 3.0]).tolist() == [2.5, 1.0, 2.5]
