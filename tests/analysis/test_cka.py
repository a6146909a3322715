"""CKA against the n x n definition, a hand case and its invariances."""

import tracemalloc
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray
from scipy.stats import ortho_group

from severe_bench.analysis.cka import (
    Features,
    MergedViews,
    biased_cka_matrix,
    cka_matrix,
    merge_views,
    similarity,
)
from severe_bench.core.errors import UserError
from tests.analysis.two_models import biased_linear_cka, linear_cka

Cka = Callable[[ArrayLike, ArrayLike], float]
Array = NDArray[np.float64]
BOTH = pytest.mark.parametrize("cka", [linear_cka, biased_linear_cka])


def draw(n: int, d: int, seed: int) -> Array:
    return np.random.default_rng(seed).normal(size=(n, d))


def u_centred(gram: Array) -> Array:
    """Definition 1 of Szekely and Rizzo (2014), entry by entry."""
    n = len(gram)
    a = gram.copy()
    np.fill_diagonal(a, 0.0)
    rows, total = a.sum(axis=1), a.sum()
    centred = a - rows[:, None] / (n - 2) - rows[None, :] / (n - 2) + total / ((n - 1) * (n - 2))
    np.fill_diagonal(centred, 0.0)
    return centred


def reference_debiased(x: Array, y: Array) -> float:
    k, m = u_centred(x @ x.T), u_centred(y @ y.T)
    return float((k * m).sum() / np.sqrt((k * k).sum() * (m * m).sum()))


def reference_biased(x: Array, y: Array) -> float:
    centre = np.eye(len(x)) - 1.0 / len(x)
    k, m = centre @ x @ x.T @ centre, centre @ y @ y.T @ centre
    return float((k * m).sum() / np.sqrt((k * k).sum() * (m * m).sum()))


@pytest.mark.parametrize(("n", "dx", "dy"), [(60, 5, 9), (9, 40, 30), (20, 20, 3), (4, 2, 7)])
def test_agrees_with_the_gram_definition(n: int, dx: int, dy: int) -> None:
    x, y = draw(n, dx, 0) + 3.0, draw(n, dy, 1)
    y[:, 0] += x[:, 0]
    assert linear_cka(x, y) == pytest.approx(reference_debiased(x, y), abs=1e-10)
    assert biased_linear_cka(x, y) == pytest.approx(reference_biased(x, y), abs=1e-10)


@BOTH
def test_identity_rotation_scaling_and_shift_give_one(cka: Cka) -> None:
    x = draw(50, 8, 2)
    turned = x @ ortho_group.rvs(8, random_state=3)
    assert cka(x, x) == pytest.approx(1.0, abs=1e-12)
    assert cka(x, turned) == pytest.approx(1.0, abs=1e-12)
    assert cka(x, 1e-3 * turned + 7.0) == pytest.approx(1.0, abs=1e-9)


def test_independent_features_are_unrelated_at_small_n_only_when_debiased() -> None:
    pairs = [(draw(16, 64, 2 * i), draw(16, 64, 2 * i + 1)) for i in range(200)]
    assert abs(np.mean([linear_cka(x, y) for x, y in pairs])) < 0.01
    assert np.mean([biased_linear_cka(x, y) for x, y in pairs]) > 0.7


def test_hand_case() -> None:
    x = np.array([[0.0], [1.0], [2.0], [3.0]])
    # Biased CKA of single columns is their squared correlation. Centred, doubled: x is -3 -1 1 3,
    # x^2 is -7 -5 1 11.
    correlation = Fraction((21 + 5 + 1 + 33) ** 2, (9 + 1 + 1 + 9) * (49 + 25 + 1 + 121))
    assert biased_linear_cka(x, x**2) == pytest.approx(float(correlation))
    # Debiased, n = 4, Gram matrices without their diagonals, pairs 01 02 03 12 13 23:
    # K: 0 0 0 2 3 6, row sums 0 5 8 9, total 22; L: 0 0 0 4 9 36, row sums 0 13 40 45, total 98.
    # U-centred, entry - (row i + row j) / 2 + total / 6:
    k = [Fraction(v, 6) for v in (7, -2, -5, -5, -2, 7)]
    m = [Fraction(v, 6) for v in (59, -22, -37, -37, -22, 59)]
    expected = float(sum(a * b for a, b in zip(k, m, strict=True)))
    norms = float(sum(a * a for a in k) * sum(b * b for b in m))
    assert linear_cka(x, x**2) == pytest.approx(expected / norms**0.5, abs=1e-12)


def test_constant_features_have_no_similarity() -> None:
    same = np.tile(draw(1, 3, 5), (10, 1))
    assert np.isnan(linear_cka(same, draw(10, 3, 0)))
    assert np.isnan(biased_linear_cka(draw(10, 3, 0), same))


def test_features_that_differ_by_rounding_alone_are_constant() -> None:
    """A collapsed network: 0.1 and 3e4 for each video, the last bits by the order of sums."""
    rng = np.random.default_rng(0)
    noise = 1 + 2e-7 * rng.uniform(-1, 1, (40, 2))
    collapsed = (np.array([0.1, 3e4]) * noise).astype(np.float32)
    assert np.isnan(linear_cka(collapsed, draw(40, 3, 0)))
    alive = np.concatenate([collapsed, 1e-3 * draw(40, 1, 1)], axis=1)
    assert not np.isnan(linear_cka(alive, draw(40, 3, 0))), "one small dimension tells videos apart"


def test_too_few_or_unequal_videos_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 4"):
        linear_cka(draw(3, 2, 0), draw(3, 2, 1))
    with pytest.raises(ValueError, match="5 and 6"):
        linear_cka(draw(5, 2, 0), draw(6, 2, 1))


def test_views_are_averaged_by_weight() -> None:
    features = np.array([[[1.0, 0.0], [3.0, 4.0]]], np.float32)
    merged = merge_views(features, np.array([[3.0, 1.0]], np.float32))
    assert merged.dtype == np.float64
    assert merged.tolist() == [[1.5, 1.0]]


def test_pairs_need_the_same_videos_in_the_same_order() -> None:
    names = np.array([f"v{i}" for i in range(8)])
    good = {"a": Features(names, draw(8, 3, 0)), "b": Features(names, draw(8, 5, 1))}
    found = similarity(good)
    assert found.models == ("a", "b")
    assert found.n == 8
    assert found.values == pytest.approx(found.values.T)
    assert np.diag(found.values) == pytest.approx([1.0, 1.0])
    with pytest.raises(UserError, match="another order"):
        similarity({**good, "c": Features(names[::-1], draw(8, 3, 2))})


@pytest.mark.parametrize("matrix", [cka_matrix, biased_cka_matrix])
@pytest.mark.parametrize("widths", [(3, 9, 5), (70, 9, 90)])
def test_blocks_of_videos_change_nothing(
    monkeypatch: pytest.MonkeyPatch, matrix: Callable[..., Array], widths: tuple[int, ...]
) -> None:
    features = [draw(60, width, i) + i for i, width in enumerate(widths)]
    whole = matrix(features)
    monkeypatch.setattr("severe_bench.analysis.cka.BLOCK", 7)
    assert matrix(features) == pytest.approx(whole, abs=1e-12)
    reference = reference_debiased if matrix is cka_matrix else reference_biased
    assert whole[0, 1] == pytest.approx(reference(features[0], features[1]), abs=1e-10)
    assert whole[2, 1] == pytest.approx(reference(features[2], features[1]), abs=1e-10)


def test_no_matrix_of_videos_by_videos_is_made() -> None:
    """2 x 40,000 videos: their Gram matrices would be 2 x 12.8 GB, the features are 6.4 MB."""
    x, y = draw(40_000, 20, 0).astype(np.float32), draw(40_000, 20, 1).astype(np.float32)
    tracemalloc.start()
    found = cka_matrix([x, y])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 30e6
    assert abs(found[0, 1]) < 0.02


def test_features_may_stay_in_a_file(tmp_path: Path) -> None:
    features = np.random.default_rng(0).normal(size=(50, 3, 6)).astype(np.float32)
    weights = np.full((50, 3), 1 / 3, np.float32)
    np.save(tmp_path / "f.npy", features)
    mapped = np.load(tmp_path / "f.npy", mmap_mode="r")
    whole = merge_views(features, weights)
    other = draw(50, 4, 1)
    lazy = cka_matrix([MergedViews(mapped, weights), other])
    assert lazy == pytest.approx(cka_matrix([whole, other]), abs=1e-12)
