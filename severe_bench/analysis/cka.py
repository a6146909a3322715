"""Linear centred kernel alignment between the features of two models on the same videos.

Kornblith et al., Similarity of Neural Network Representations Revisited, ICML 2019, Eq. 3-5; the
debiased estimator uses the unbiased HSIC of Song et al., Feature Selection via Dependence
Maximization, JMLR 2012, Eq. 4. The biased one finds similarity in independent features when there
are few videos.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from severe_bench.core.errors import UserError

Array = NDArray[np.float64]
Hsic = Callable[[Array, Array], float]


@dataclass(frozen=True)
class Features:
    """One model's features of a set of videos: `samples` (N,) names, `values` (N, D)."""

    samples: NDArray[np.str_]
    values: NDArray[np.floating]


@dataclass(frozen=True)
class Similarity:
    """CKA of all pairs: `values` (M, M) in the order of `models`, over `n` videos."""

    models: tuple[str, ...]
    values: Array
    n: int


def merge_views(features: NDArray[np.floating], weights: NDArray[np.floating]) -> Array:
    """Weighted mean over views: (N, V, D) and (N, V) -> (N, D), float64."""
    share = np.asarray(weights, np.float64)
    share = share / share.sum(axis=1, keepdims=True)
    merged: Array = np.einsum("nvd,nv->nd", features, share)
    return merged


def linear_cka(x: ArrayLike, y: ArrayLike) -> float:
    """Debiased linear CKA of (N, D1) and (N, D2) features of the same N videos.

    About 0 for independent features at any N (it may be slightly negative), 1 for features that
    agree up to rotation, isotropic scaling and shift. NaN where one side does not vary enough
    for the estimate (constant features).

    Raises:
        ValueError: different N, or N < 4, for which the estimator is not defined.
    """
    return _cka(x, y, unbiased_hsic)


def biased_linear_cka(x: ArrayLike, y: ArrayLike) -> float:
    """The estimator of the original paper; grows as N shrinks, for comparison with print."""
    return _cka(x, y, biased_hsic)


def unbiased_hsic(x: Array, y: Array) -> float:
    """Unbiased HSIC of linear kernels K = xx', L = yy' (Song et al. 2012, Eq. 4).

    With the diagonals set to zero,
    [tr(KL) + 1'K1 1'L1 / ((n-1)(n-2)) - 2 1'KL1 / (n-2)] / (n(n-3)).
    Cost is N D1 D2 when N exceeds the widths, else N^2 (D1 + D2).
    """
    n = len(x)
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)  # leaves the estimate as is, helps rounding
    own_x, own_y = np.einsum("nd,nd->n", x, x), np.einsum("nd,nd->n", y, y)
    rows_x, rows_y = x @ x.sum(axis=0) - own_x, y @ y.sum(axis=0) - own_y
    trace = _trace_of_product(x, y) - own_x @ own_y
    total = rows_x.sum() * rows_y.sum() / ((n - 1) * (n - 2))
    cross = 2.0 * (rows_x @ rows_y) / (n - 2)
    return float((trace + total - cross) / (n * (n - 3)))


def biased_hsic(x: Array, y: Array) -> float:
    """tr(KHLH) / (n - 1)^2 of linear kernels (Gretton et al. 2005)."""
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    return float(_trace_of_product(x, y) / (len(x) - 1) ** 2)


def similarity(
    features: Mapping[str, Features], cka: Callable[[ArrayLike, ArrayLike], float] = linear_cka
) -> Similarity:
    """CKA of every pair of models on the same videos in the same order.

    Raises:
        UserError: two models' features are of different videos or in another order.
    """
    models = tuple(features)
    require_same_samples(features)
    matrix = np.full((len(models), len(models)), np.nan)
    arrays = [np.asarray(features[model].values, np.float64) for model in models]
    for i, x in enumerate(arrays):
        for j, y in enumerate(arrays[: i + 1]):
            matrix[i, j] = matrix[j, i] = cka(x, y)
    return Similarity(models, matrix, len(arrays[0]) if arrays else 0)


def require_same_samples(features: Mapping[str, Features]) -> None:
    """Refuse features of different videos, or of the same videos in another order.

    Raises:
        UserError: naming two models that differ.
    """
    names: Sequence[str] = list(features)
    for other in names[1:]:
        if not np.array_equal(features[names[0]].samples, features[other].samples):
            raise UserError(
                f"features of {names[0]!r} and {other!r} are of different videos or in "
                "another order, so they cannot be compared"
            )


def _trace_of_product(x: Array, y: Array) -> float:
    """tr(xx'yy'), by whichever of the two equal forms is smaller."""
    if len(x) > max(x.shape[1], y.shape[1]):
        return float(np.sum((x.T @ y) ** 2))
    return float(np.sum((x @ x.T) * (y @ y.T)))


def _cka(x: ArrayLike, y: ArrayLike, hsic: Hsic) -> float:
    first, second = np.asarray(x, np.float64), np.asarray(y, np.float64)
    if len(first) != len(second):
        raise ValueError(f"features of {len(first)} and {len(second)} videos")
    if len(first) < 4:
        raise ValueError(f"CKA needs at least 4 videos, not {len(first)}")
    if _constant(first) or _constant(second):
        return float("nan")
    scale_x, scale_y = hsic(first, first), hsic(second, second)
    if scale_x <= 0 or scale_y <= 0:
        return float("nan")
    return hsic(first, second) / float(np.sqrt(scale_x) * np.sqrt(scale_y))


def _constant(x: Array) -> bool:
    """Whether all videos have the same features up to rounding."""
    return bool(np.ptp(x, axis=0).max(initial=0.0) <= 1e-12 * np.abs(x).max(initial=0.0))
