"""How sure CKA is: the estimate without each block of videos in turn.

A delete-a-group jackknife (Efron and Tibshirani 1993, section 11.5) and no bootstrap: a video drawn
twice is like itself in every model, which would raise the similarity of any two.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from severe_bench.analysis.cka import Array, Rows, Similarity, blocks_of, mean_of, pairs_of

GROUPS = 20
"""Blocks of videos, each left out once."""

Groups = NDArray[np.int64]


def with_intervals(
    found: Similarity, features: Sequence[Rows], groups: int = GROUPS, seed: int = 0
) -> Similarity:
    """The same debiased similarity with 95 % intervals over videos; the diagonal stays 1.

    Args:
        found: from `cka.similarity` with the debiased estimator.
        features: of its models, in its order.
        groups: videos are split into so many at random; fewer where there are few videos.
        seed: of the split.
    """
    count = min(groups, found.n // 4)
    if count < 2:
        return found
    member_of = np.random.default_rng(seed).permutation(np.arange(found.n) % count)
    without = _without_each(features, member_of, count)
    spread = np.sqrt((count - 1) * np.nanvar(without, axis=0))
    reach = float(stdtrit(count - 1, 0.975)) * spread
    np.fill_diagonal(reach, 0.0)
    return replace(found, low=found.values - reach, high=np.minimum(found.values + reach, 1.0))


def _without_each(features: Sequence[Rows], member_of: Groups, count: int) -> Array:
    """(G, M, M) debiased CKA without each group."""
    means = [mean_of(rows) for rows in features]
    sides = [_side(x, mean, member_of, count) for x, mean in zip(features, means, strict=True)]
    traces = _traces(features, means, member_of, count)
    hsic = np.empty((count, len(features), len(features)))
    for pair, (i, j) in enumerate(pairs_of(len(features))):
        values = _unbiased(traces[pair], sides[i], sides[j], member_of, count)
        hsic[:, i, j] = hsic[:, j, i] = values
    own = np.einsum("gii->gi", hsic)
    with np.errstate(invalid="ignore", divide="ignore"):
        scale = np.sqrt(np.where(own > 0, own, np.nan))
        return np.asarray(hsic / scale[:, :, None] / scale[:, None, :])


Side = tuple[Array, Array]
"""Squared lengths (N,) and, for each left-out group, row sums of the Gram matrix (N, G)."""


def _side(rows: Rows, mean: Array, member_of: Groups, count: int) -> Side:
    sums = np.zeros((count, rows.shape[1]))
    start = 0
    for block in blocks_of(rows):
        np.add.at(sums, member_of[start : start + len(block)], block - mean)
        start += len(block)
    kept = (sums.sum(axis=0) - sums).T
    lengths, products = [], []
    for block in blocks_of(rows):
        centred = block - mean
        lengths.append(np.einsum("nd,nd->n", centred, centred))
        products.append(centred @ kept - lengths[-1][:, None])
    return np.concatenate(lengths), np.concatenate(products)


def _unbiased(traces: Array, x: Side, y: Side, member_of: Groups, count: int) -> Array:
    """Unbiased HSIC without each group: (G,). See `cka` for the formula."""
    keep = member_of[:, None] != np.arange(count)
    n = keep.sum(axis=0)
    own = keep.T @ (x[0] * y[0])
    row_x, row_y = x[1] * keep, y[1] * keep
    total = row_x.sum(axis=0) * row_y.sum(axis=0) / ((n - 1) * (n - 2))
    cross = 2.0 * (row_x * row_y).sum(axis=0) / (n - 2)
    return np.asarray((traces - own + total - cross) / (n * (n - 3)))


def _traces(
    features: Sequence[Rows], means: Sequence[Array], member_of: Groups, count: int
) -> Array:
    """tr(xx'yy') without each group, pair by pair: (P, G)."""
    widest = max(len(mean) for mean in means)
    by = _traces_by_gram if len(member_of) <= widest else _traces_by_products
    return by(features, means, member_of, count)


def _traces_by_products(
    features: Sequence[Rows], means: Sequence[Array], member_of: Groups, count: int
) -> Array:
    """|x'y - x_g'y_g|^2 of each group g."""
    pairs = list(pairs_of(len(features)))
    whole = [np.zeros((len(means[i]), len(means[j]))) for i, j in pairs]
    for group in range(count):
        _add_products(whole, features, means, np.flatnonzero(member_of == group))
    found = np.empty((len(pairs), count))
    for group in range(count):
        part = [np.zeros(product.shape) for product in whole]
        _add_products(part, features, means, np.flatnonzero(member_of == group))
        for pair, (all_, own) in enumerate(zip(whole, part, strict=True)):
            rest = all_ - own
            found[pair, group] = np.vdot(rest, rest)
    return found


def _add_products(
    products: list[Array], features: Sequence[Rows], means: Sequence[Array], rows: Groups
) -> None:
    taken = [
        np.stack([np.asarray(x[row : row + 1], np.float64)[0] for row in rows.tolist()]) - mean
        for x, mean in zip(features, means, strict=True)
    ]
    for pair, (i, j) in enumerate(pairs_of(len(features))):
        products[pair] += taken[i].T @ taken[j]


def _traces_by_gram(
    features: Sequence[Rows], means: Sequence[Array], member_of: Groups, count: int
) -> Array:
    """From sums of the elementwise product of two Gram matrices over pairs of groups."""
    one_of = (member_of[:, None] == np.arange(count)).astype(np.float64)
    grams = []
    for rows, mean in zip(features, means, strict=True):
        centred = np.concatenate(list(blocks_of(rows))) - mean
        grams.append(centred @ centred.T)
    found = []
    for i, j in pairs_of(len(features)):
        sums = one_of.T @ (grams[i] * grams[j]) @ one_of
        found.append(sums.sum() - 2 * sums.sum(axis=1) + np.diag(sums))
    return np.stack(found)
