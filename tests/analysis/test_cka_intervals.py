"""Intervals of CKA against the sum over four videos, and their coverage in simulation."""

import tracemalloc
from collections.abc import Callable
from itertools import permutations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import t

from severe_bench.analysis import cka_sums
from severe_bench.analysis.cka import Features, cka_matrix, similarity
from severe_bench.analysis.cka_intervals import (
    drawn_weights,
    resampled,
    weighted_hsic,
    with_intervals,
)
from severe_bench.analysis.cka_sums import Blocks, pair_sums
from tests.analysis.two_models import linear_cka

Array = NDArray[np.float64]
Sampler = Callable[[int, np.random.Generator], tuple[Array, Array]]


def draw(n: int, d: int, seed: int) -> Array:
    return np.random.default_rng(seed).normal(size=(n, d))


def by_four(x: Array, y: Array, weights: Array) -> float:
    """The weighted kernel of HSIC over all four different videos, tuple by tuple."""
    k, m = x @ x.T, y @ y.T
    total = 0.0
    for i, j, q, r in permutations(range(len(x)), 4):
        kernel = k[i, j] * (m[i, j] + m[q, r] - 2 * m[i, q])
        total += weights[[i, j, q, r]].prod() * kernel
    return float(total)


@pytest.mark.parametrize("width", [3, 40])
def test_weighted_hsic_is_the_sum_over_four_videos(width: int) -> None:
    x, y = draw(9, width, 0) + 2.0, draw(9, 3, 1)
    y[:, 0] += x[:, 0]
    blocks = Blocks(np.array([0, 1, 2, 3, 0, 1, 2, 3, 3]), 4)
    weights = np.array([[1.0, 1, 1, 1], [2, 0, 1, 1], [0, 3, 0, 1]])
    found = {pair: weighted_hsic(sums, weights) for pair, sums in pair_sums([x, y], blocks).items()}
    for (i, j), values in found.items():
        both = (x, y)
        expected = [by_four(both[i], both[j], w[blocks.member_of]) for w in weights]
        assert values == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("width", [6, 120])
def test_equal_weights_are_the_estimate_itself_and_no_block_a_left_out_one(width: int) -> None:
    shared = draw(80, 4, 9)
    features = [np.hstack([shared, draw(80, width, i)]) + i for i in range(3)]
    blocks = Blocks.draw(80, 8, 3)
    weights = np.vstack([np.ones(8), 1.0 - np.eye(8)])
    found = resampled(features, blocks, weights)
    assert found[0] == pytest.approx(cka_matrix(features), abs=1e-9)
    for g in range(8):
        kept = [x[blocks.member_of != g] for x in features]
        assert found[g + 1] == pytest.approx(cka_matrix(kept), abs=1e-9)


def test_a_video_drawn_twice_is_not_like_itself() -> None:
    """Independent features: a plain bootstrap finds similarity, this one none."""
    plain, ours = [], []
    for i in range(40):
        x, y = draw(30, 50, 2 * i), draw(30, 50, 2 * i + 1)
        picks = np.random.default_rng(i).integers(30, size=30)
        plain.append(linear_cka(x[picks], y[picks]))
        weights = np.bincount(picks, minlength=30)[None, :].astype(float)
        ours.append(resampled([x, y], Blocks(np.arange(30), 30), weights)[0, 0, 1])
    assert np.mean(plain) > 0.3
    assert abs(np.mean(ours)) < 0.05


def test_rows_and_columns_are_read_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    features = [draw(90, width, width) for width in (7, 12, 5)]
    blocks = Blocks.draw(90, 6, 0)
    weights = drawn_weights(6, 5, 0)
    whole = resampled(features, blocks, weights)
    monkeypatch.setattr(cka_sums, "ROWS", 11)
    monkeypatch.setattr(cka_sums, "MEMORY", 8 * 6 * 20 * 2)
    assert resampled(features, blocks, weights) == pytest.approx(whole, abs=1e-10)


def test_the_interval_is_students_t_of_the_draws() -> None:
    features = {m: draw(60, 5, i) + draw(60, 5, 9) for i, m in enumerate("ab")}
    names = np.arange(60).astype(str)
    found = similarity({m: Features(names, x) for m, x in features.items()})
    sure = with_intervals(found, list(features.values()), draws=50, seed=4)
    values = resampled(list(features.values()), Blocks.draw(60, 20, 4), drawn_weights(20, 50, 4))[
        :, 0, 1
    ]
    reach = t.ppf(0.975, 19) * np.sqrt(20 / 19) * values.std(ddof=1)
    assert sure.low is not None
    assert sure.high is not None
    assert sure.low[0, 1] == pytest.approx(found.values[0, 1] - reach, abs=1e-9)
    assert sure.high[0, 1] == pytest.approx(min(1.0, found.values[0, 1] + reach), abs=1e-9)
    assert sure.low[1, 1] == sure.high[1, 1] == 1.0


def shared_part(n: int, rng: np.random.Generator) -> tuple[Array, Array]:
    shared = rng.normal(size=(n, 3))
    return np.hstack([shared, rng.normal(size=(n, 5))]), np.hstack(
        [shared, rng.normal(size=(n, 5))]
    )


def heavy_tails(n: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """A few videos are far from all others, and a few directions count most."""
    scale = 1.0 / np.arange(1, 21)
    common = rng.standard_t(5, size=(n, 20)) * scale
    return common + 0.3 * rng.normal(size=(n, 20)) * scale, common + 0.3 * rng.normal(size=(n, 20))


def unrelated(n: int, rng: np.random.Generator) -> tuple[Array, Array]:
    return rng.normal(size=(n, 8)), rng.normal(size=(n, 8))


@pytest.mark.parametrize(
    ("sampler", "least"), [(shared_part, 0.91), (heavy_tails, 0.89), (unrelated, 0.95)]
)
def test_coverage(sampler: Sampler, least: float) -> None:
    """The truth is that of 50,000 videos; 95 % nominal, 300 samples, standard error 1.3 points."""
    true = linear_cka(*sampler(50_000, np.random.default_rng(99)))
    held = 0
    for i in range(300):
        x, y = sampler(100, np.random.default_rng((i, 1)))
        names = np.arange(100).astype(str)
        found = similarity({"a": Features(names, x), "b": Features(names, y)})
        sure = with_intervals(found, [x, y], draws=200, seed=i)
        assert sure.low is not None
        assert sure.high is not None
        held += sure.low[0, 1] <= true <= sure.high[0, 1]
    assert held / 300 >= least


def test_no_matrix_of_videos_by_videos_is_made() -> None:
    """Gram matrices of 30,000 videos would be 7.2 GB each."""
    x, y = draw(30_000, 12, 0).astype(np.float32), draw(30_000, 12, 1).astype(np.float32)
    names = np.arange(30_000).astype(str)
    found = similarity({"a": Features(names, x), "b": Features(names, y)})
    tracemalloc.start()
    sure = with_intervals(found, [x, y], draws=20)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20e6
    assert sure.low is not None
    assert sure.low[0, 1] < 0.01


def test_few_videos_have_no_interval() -> None:
    names = np.arange(7).astype(str)
    features = {m: Features(names, draw(7, 3, i)) for i, m in enumerate("ab")}
    found = similarity(features)
    assert with_intervals(found, [x.values for x in features.values()]).low is None


@pytest.mark.filterwarnings("error")
def test_constant_features_have_no_interval_and_no_warning() -> None:
    names = np.arange(20).astype(str)
    features = {"a": np.ones((20, 3)), "b": draw(20, 3, 0), "c": draw(20, 3, 1)}
    found = similarity({m: Features(names, x) for m, x in features.items()})
    sure = with_intervals(found, list(features.values()), draws=30)
    assert sure.low is not None
    assert np.isnan(sure.low[0, 1])
    assert not np.isnan(sure.low[1, 2])
