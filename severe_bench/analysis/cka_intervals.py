"""How sure debiased CKA is: a bootstrap over test videos.

A video that is drawn twice is like itself in every model, so that a plain bootstrap raises the
similarity of any two. Here the unbiased HSIC is the mean of its kernel over four *different*
videos, each set weighted by how often its videos were drawn: copies of one video are left out of
pairs as the diagonal is. In the notation of Song et al. (JMLR 2012, section 2.2), with weights w_i
and sums over distinct i, j, q, r of w_i w_j w_q w_r times

    k_ij l_ij + k_ij l_qr - 2 k_ij l_iq.

With all weights 1 this is the estimator itself, and a shift of the features changes nothing.

Videos are drawn in random blocks, each of one weight, so that the sums over videos shrink to sums
over blocks: nothing as large as videos x videos is made.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.special import stdtrit

from severe_bench.analysis.cka import Array, Rows, Similarity
from severe_bench.analysis.cka_sums import Blocks, PairSums, pair_sums

BLOCKS = 20
"""Random blocks that videos are drawn in."""
DRAWS = 500
FEWEST = 8
"""Videos below which there is no interval."""


def with_intervals(
    found: Similarity, features: Sequence[Rows], draws: int = DRAWS, seed: int = 0
) -> Similarity:
    """The same debiased similarity with 95 % intervals over videos; the diagonal stays 1.

    The ends are the bootstrap's standard error times Student's t on either side, with one degree
    of freedom less than there are blocks: percentiles hold the truth less often where a few videos
    decide (see `docs/statistics.md`).

    Args:
        found: from `cka.similarity` with the debiased estimator.
        features: of its models, in its order.
        draws: B, resampled sets of videos.
        seed: of the blocks and of the drawing.
    """
    if found.n < FEWEST:
        return found
    blocks = Blocks.draw(found.n, min(BLOCKS, found.n // 2), seed)
    values = resampled(features, blocks, drawn_weights(blocks.count, draws, seed))
    count = blocks.count
    reach = float(stdtrit(count - 1, 0.975)) * np.sqrt(count / (count - 1)) * _spread(values)
    np.fill_diagonal(reach, 0.0)
    return replace(found, low=found.values - reach, high=np.minimum(found.values + reach, 1.0))


def drawn_weights(blocks: int, draws: int, seed: int) -> Array:
    """How often each block was drawn: (B, G)."""
    shares = np.full(blocks, 1.0 / blocks)
    drawn = np.random.default_rng((seed, 1)).multinomial(blocks, shares, size=draws)
    return drawn.astype(np.float64)


def resampled(features: Sequence[Rows], blocks: Blocks, weights: Array) -> Array:
    """Debiased CKA of all pairs for each set of weights (B, G): (B, M, M); NaN where undefined."""
    hsic = np.empty((len(weights), len(features), len(features)))
    for (i, j), sums in pair_sums(features, blocks).items():
        hsic[:, i, j] = hsic[:, j, i] = weighted_hsic(sums, weights)
    own = np.einsum("bii->bi", hsic)
    scale = np.sqrt(np.where(own > 0, own, np.nan))
    return np.asarray(hsic / scale[:, :, None] / scale[:, None, :])


def weighted_hsic(sums: PairSums, weights: Array) -> Array:
    """The sum at the head of this module for each set of weights: (B, G) -> (B,).

    It is taken over all i, j, q, r and freed, term by term, of those that are not distinct.
    """
    w, w2 = weights, weights**2
    q11, q12, q13, q22 = (
        _quadratic(sums.products, *pair) for pair in ((w, w), (w, w2), (w, w**3), (w2, w2))
    )
    once = _through(sums.rows, w, w)
    three = (w * once).sum(axis=1) - q12
    squared = (w2 * once).sum(axis=1) - q22
    squared_x = (w * _through(sums.rows, w2, w)).sum(axis=1) - q13
    squared_y = (w * _through(sums.rows, w, w2)).sum(axis=1) - q13
    p1, p2 = w @ sums.sizes, w2 @ sums.sizes
    pairs = (p1**2 - p2) * q11 - 4 * p1 * q12 + 4 * q13 + 2 * q22
    means = _quadratic(sums.x, w, w) * _quadratic(sums.y, w, w) - 4 * squared - 2 * q22
    return np.asarray(pairs + means - 2 * (p1 * three - squared - squared_x - squared_y))


def _quadratic(matrix: Array, a: Array, b: Array) -> Array:
    return np.asarray(np.einsum("bg,bg->b", a @ matrix, b))


def _through(rows: Array, a: Array, b: Array) -> Array:
    """(B, G): the row sums of x weighted by a times those of y weighted by b, block by block."""
    return np.asarray(np.einsum("bhk,bk->bh", np.tensordot(a, rows, (1, 1)), b))


def _spread(values: Array) -> Array:
    """Standard deviation over draws, of those that are defined: (B, M, M) -> (M, M)."""
    known = ~np.isnan(values)
    count = np.where((found := known.sum(axis=0)) > 1, found, np.nan)
    mean = np.where(known, values, 0.0).sum(axis=0) / count
    squares = np.where(known, (values - mean) ** 2, 0.0).sum(axis=0)
    return np.asarray(np.sqrt(squares / (count - 1)))
