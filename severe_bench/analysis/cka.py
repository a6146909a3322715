"""Linear centred kernel alignment between the features of models on the same videos.

Kornblith et al., Similarity of Neural Network Representations Revisited, ICML 2019, Eq. 3-5; the
debiased estimator uses the unbiased HSIC of Song et al., Feature Selection via Dependence
Maximization, JMLR 2012, Eq. 4. The biased one finds similarity in independent features when there
are few videos.

Both need only sums over videos: the cross products x'y of the widths, and per video its squared
length and its product with the sum of all. So videos are read block by block, and no n x n matrix
is made where there are more videos than dimensions.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from severe_bench.core.errors import UserError
from severe_bench.core.shards import Shards

Array = NDArray[np.float64]
BLOCK = 2048
"""Videos read at once."""
ROUNDING = 8 * float(np.finfo(np.float32).eps)


class Rows(Protocol):
    """Features of N videos: an array, or a file that hands out blocks of rows."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, D)."""

    def __getitem__(self, rows: slice, /) -> ArrayLike:
        """A block of rows."""


Matrix = Callable[[Sequence[Rows]], Array]
"""Features of M models -> (M, M) CKA."""


@dataclass(frozen=True)
class Features:
    """One model's features of a set of videos: `samples` (N,) names, `values` (N, D)."""

    samples: NDArray[np.str_]
    values: Rows


@dataclass(frozen=True)
class Similarity:
    """CKA of all pairs.

    Args:
        models: in the order of `values`.
        values: (M, M).
        n: videos.
        low: (M, M) lower ends of 95 % intervals over videos; None without intervals.
        high: (M, M) upper ends.
    """

    models: tuple[str, ...]
    values: Array
    n: int
    low: Array | None = None
    high: Array | None = None


@dataclass(frozen=True)
class MergedViews:
    """Features (N, V, D) with weights (N, V) read as (N, D), block by block; a file may be behind.

    Example:
        >>> rows = MergedViews(np.ones((3, 2, 4)), np.ones((3, 2)))
        >>> rows.shape, rows[0:2].shape
        ((3, 4), (2, 4))
    """

    features: NDArray[np.floating] | Shards
    weights: NDArray[np.floating]

    @property
    def shape(self) -> tuple[int, int]:
        """(N, D)."""
        return self.features.shape[0], self.features.shape[2]

    def __getitem__(self, rows: slice) -> Array:
        """A block of rows, views merged."""
        return merge_views(self.features[rows], self.weights[rows])


def merge_views(features: NDArray[np.floating], weights: NDArray[np.floating]) -> Array:
    """Weighted mean over views: (N, V, D) and (N, V) -> (N, D), float64."""
    share = np.asarray(weights, np.float64)
    share = share / share.sum(axis=1, keepdims=True)
    merged: Array = np.einsum("nvd,nv->nd", features, share)
    return merged


def cka_matrix(features: Sequence[Rows]) -> Array:
    """Debiased linear CKA of all pairs: (M, M).

    About 0 for independent features at any N (it may be slightly negative), 1 for features that
    agree up to rotation, isotropic scaling and shift. NaN where one side does not vary enough
    for the estimate (constant features).

    Raises:
        ValueError: different N, or N < 4, for which the estimator is not defined.
    """
    return _normalised(_hsic(features, _unbiased), features)


def biased_cka_matrix(features: Sequence[Rows]) -> Array:
    """As `cka_matrix` by the estimator of the original paper, which grows as N shrinks."""
    return _normalised(_hsic(features, _biased), features)


def similarity(features: Mapping[str, Features], matrix: Matrix = cka_matrix) -> Similarity:
    """CKA of every pair of models on the same videos in the same order.

    Args:
        features: by model.
        matrix: which estimator.

    Raises:
        UserError: two models' features are of different videos or in another order.
    """
    require_same_samples(features)
    arrays = [found.values for found in features.values()]
    if not arrays:
        return Similarity((), np.empty((0, 0)), 0)
    return Similarity(tuple(features), matrix(arrays), arrays[0].shape[0])


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


@dataclass(frozen=True)
class Moments:
    """What the estimators need of one set of features, after its mean was taken off.

    Args:
        lengths: (N,) squared length of each row.
        sums: (N,) product of each row with the sum of all rows, less its own length: the row sums
            of the Gram matrix without its diagonal.
    """

    lengths: Array
    sums: Array


Estimate = Callable[[float, Moments, Moments], float]
"""(tr(xx'yy'), moments of x, of y) -> HSIC."""


def _hsic(features: Sequence[Rows], estimate: Estimate) -> Array:
    n = _same_n(features)
    means = [mean_of(rows) for rows in features]
    moments = [_moments(rows, mean) for rows, mean in zip(features, means, strict=True)]
    traces = _traces(features, means, n)
    count = len(features)
    found = [estimate(float(traces[i, j]), moments[i], moments[j]) for i, j in pairs_of(count)]
    return symmetric(found, count)


def _unbiased(trace: float, x: Moments, y: Moments) -> float:
    """Song et al. 2012, Eq. 4, for linear kernels K = xx', L = yy' without their diagonals.

    [tr(KL) + 1'K1 1'L1 / ((n-1)(n-2)) - 2 1'KL1 / (n-2)] / (n(n-3)).
    """
    n = len(x.lengths)
    own = float(x.lengths @ y.lengths)
    total = float(x.sums.sum() * y.sums.sum()) / ((n - 1) * (n - 2))
    cross = 2.0 * float(x.sums @ y.sums) / (n - 2)
    return (trace - own + total - cross) / (n * (n - 3))


def _biased(trace: float, x: Moments, _y: Moments) -> float:
    """tr(KHLH) / (n - 1)^2 (Gretton et al. 2005)."""
    return trace / (len(x.lengths) - 1) ** 2


def _normalised(hsic: Array, features: Sequence[Rows]) -> Array:
    own = np.diag(hsic).copy()
    own[[_constant(rows) for rows in features]] = np.nan
    own[~(own > 0)] = np.nan
    scale = np.sqrt(own)
    found: Array = hsic / scale[:, None] / scale[None, :]
    np.fill_diagonal(found, np.where(np.isnan(own), np.nan, 1.0))
    return found


def _same_n(features: Sequence[Rows]) -> int:
    n = features[0].shape[0]
    for rows in features:
        if rows.shape[0] != n:
            raise ValueError(f"features of {n} and {rows.shape[0]} videos")
    if n < 4:
        raise ValueError(f"CKA needs at least 4 videos, not {n}")
    return n


def blocks_of(rows: Rows) -> Iterator[Array]:
    """Rows in order, some at a time, in double precision."""
    for start in range(0, rows.shape[0], BLOCK):
        yield np.asarray(rows[start : start + BLOCK], np.float64)


def mean_of(rows: Rows) -> Array:
    """(D,) mean of all rows."""
    total = np.zeros(rows.shape[1])
    for block in blocks_of(rows):
        total += block.sum(axis=0)
    return total / rows.shape[0]


def _moments(rows: Rows, mean: Array) -> Moments:
    """Lengths and row sums; taking the mean off leaves the estimate as is, and helps rounding."""
    residue = np.zeros(rows.shape[1])
    for block in blocks_of(rows):
        residue += (block - mean).sum(axis=0)  # 0 but for rounding
    lengths, sums = [], []
    for block in blocks_of(rows):
        centred = block - mean
        lengths.append(np.einsum("nd,nd->n", centred, centred))
        sums.append(centred @ residue - lengths[-1])
    return Moments(np.concatenate(lengths), np.concatenate(sums))


def _traces(features: Sequence[Rows], means: Sequence[Array], n: int) -> Array:
    """tr(xx'yy') of all pairs, by whichever of two equal forms is smaller."""
    widths = [rows.shape[1] for rows in features]
    return _by_gram(features, means) if n <= max(widths) else _by_products(features, means)


def _by_products(features: Sequence[Rows], means: Sequence[Array]) -> Array:
    """|x'y|^2: one pass over the videos adds up the cross products of all pairs at once."""
    pairs = list(pairs_of(len(features)))
    products = [np.zeros((len(means[i]), len(means[j]))) for i, j in pairs]
    for blocks in zip(*map(blocks_of, features), strict=True):
        centred = [block - mean for block, mean in zip(blocks, means, strict=True)]
        for pair, (i, j) in enumerate(pairs):
            products[pair] += centred[i].T @ centred[j]
    return symmetric([float(np.vdot(p, p)) for p in products], len(features))


def _by_gram(features: Sequence[Rows], means: Sequence[Array]) -> Array:
    """Sum of the elementwise product of the Gram matrices, for few videos of many dimensions."""
    grams = []
    for rows, mean in zip(features, means, strict=True):
        centred = np.concatenate(list(blocks_of(rows))) - mean
        grams.append(centred @ centred.T)
    traces = [float(np.vdot(grams[i], grams[j])) for i, j in pairs_of(len(features))]
    return symmetric(traces, len(features))


def pairs_of(count: int) -> Iterator[tuple[int, int]]:
    """(i, j) with j <= i, in the order of `symmetric`."""
    return ((i, j) for i in range(count) for j in range(i + 1))


def symmetric(values: Sequence[float], count: int) -> Array:
    """The symmetric matrix of what `pairs_of` goes through."""
    found = np.empty((count, count))
    for (i, j), value in zip(pairs_of(count), values, strict=True):
        found[i, j] = found[j, i] = value
    return found


def _constant(rows: Rows) -> bool:
    """Whether all videos have the same features up to the rounding of single precision.

    Each dimension by its own size: a network that has collapsed gives the same numbers for every
    video, but for the order in which a device adds them up, and their similarity would be of that.
    """
    low, high = np.full(rows.shape[1], np.inf), np.full(rows.shape[1], -np.inf)
    for block in blocks_of(rows):
        low, high = np.minimum(low, block.min(axis=0)), np.maximum(high, block.max(axis=0))
    largest = np.maximum(np.abs(low), np.abs(high))
    return bool((high - low <= ROUNDING * largest).all())
