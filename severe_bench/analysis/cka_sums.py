"""Sums over blocks of videos from which CKA of any weighting of the blocks follows.

K and L stand for the linear kernels of two models without their diagonals; features are read some
rows at a time, and nothing as large as videos x videos is made where videos outnumber dimensions.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from severe_bench.analysis.cka import Array, Rows, mean_of, pairs_of

ROWS = 1024
"""Videos read at once."""
MEMORY = 256_000_000
"""Bytes that the products of features may take."""

Ids = NDArray[np.int64]


@dataclass(frozen=True)
class Blocks:
    """A split of N videos: `member_of` (N,) is the block of each, `count` how many there are."""

    member_of: Ids
    count: int

    @classmethod
    def draw(cls, videos: int, count: int, seed: int) -> "Blocks":
        """Random blocks of equal sizes, or nearly."""
        return cls(np.random.default_rng(seed).permutation(np.arange(videos) % count), count)

    @property
    def sizes(self) -> Array:
        """(G,) videos of each block."""
        return np.bincount(self.member_of, minlength=self.count).astype(np.float64)


@dataclass(frozen=True)
class PairSums:
    """What the weighted HSIC of two models needs.

    Args:
        products: (G, G) sums of k_ij l_ij over i of one block and j of another.
        rows: (G, G, G) sums over i of the first block of (k_ij summed over j of the second) times
            (l_ij summed over j of the third).
        x, y: (G, G) sums of k_ij, and of l_ij, over i of one block and j of another.
        sizes: (G,) videos of each block.
    """

    products: Array
    rows: Array
    x: Array
    y: Array
    sizes: Array


Pair = tuple[int, int]


def pair_sums(features: Sequence[Rows], blocks: Blocks) -> Mapping[Pair, PairSums]:
    """The sums of all pairs of models, each with itself too; in the order of `cka.pairs_of`."""
    read = _Reader(features, tuple(mean_of(rows) for rows in features), blocks)
    rows, own, totals = _row_sums(read)
    widest = max(len(mean) for mean in read.means)
    small = len(blocks.member_of) <= widest
    products = _products_by_gram(read) if small else _products(read)
    return {
        (i, j): PairSums(
            products[i, j] - np.diag(own[i, j]), rows[i, j], totals[i], totals[j], blocks.sizes
        )
        for i, j in pairs_of(len(features))
    }


@dataclass(frozen=True)
class _Reader:
    """Features of M models, centred, some rows at a time."""

    features: Sequence[Rows]
    means: tuple[Array, ...]
    blocks: Blocks

    def parts(self, models: Sequence[int]) -> Iterator[tuple[list[Array], list[NDArray[np.int64]]]]:
        """Rows of some models, and the places among these of each block's videos."""
        member_of = self.blocks.member_of
        for start in range(0, len(member_of), ROWS):
            stop = min(start + ROWS, len(member_of))
            here = member_of[start:stop]
            found = [
                np.asarray(self.features[m][start:stop], np.float64) - self.means[m] for m in models
            ]
            yield found, [np.flatnonzero(here == g) for g in range(self.blocks.count)]


Table = dict[Pair, Array]


def _row_sums(read: _Reader) -> tuple[Table, Table, list[Array]]:
    """Of each pair `rows` and, by block, the products of diagonals; of each model `x`."""
    models, count = range(len(read.features)), read.blocks.count
    sums = [np.zeros((count, len(mean))) for mean in read.means]
    for parts, places in read.parts(models):
        for total, part in zip(sums, parts, strict=True):
            total += [part[at].sum(axis=0) for at in places]
    rows = {pair: np.zeros((count,) * 3) for pair in pairs_of(len(models))}
    own = {pair: np.zeros(count) for pair in rows}
    totals = [np.zeros((count, count)) for _ in models]
    for parts, places in read.parts(models):
        lengths = [np.einsum("nd,nd->n", part, part) for part in parts]
        with_blocks = [part @ total.T for part, total in zip(parts, sums, strict=True)]
        for g, at in enumerate(places):
            for products, length in zip(with_blocks, lengths, strict=True):
                products[at, g] -= length[at]
            for total, products in zip(totals, with_blocks, strict=True):
                total[g] += products[at].sum(axis=0)
            for (i, j), found in rows.items():
                found[g] += with_blocks[i][at].T @ with_blocks[j][at]
                own[i, j][g] += lengths[i][at] @ lengths[j][at]
    return rows, own, totals


def _products(read: _Reader) -> Table:
    """Sums of k_ij l_ij between blocks, diagonals included, as products of the blocks' x'y."""
    count, widths = read.blocks.count, [len(mean) for mean in read.means]
    found = {pair: np.zeros((count, count)) for pair in pairs_of(len(widths))}
    for i, width in enumerate(widths):
        others = sum(widths[: i + 1])
        step = max(1, int(MEMORY // (8 * count * others)))
        for first in range(0, width, step):
            columns = slice(first, min(width, first + step))
            crossed = _crossed(read, i, columns)
            ends = np.cumsum([0, *widths[: i + 1]])
            for j in range(i + 1):
                part = crossed[:, :, ends[j] : ends[j + 1]].reshape(count, -1)
                found[i, j] += part @ part.T
    return found


def _crossed(read: _Reader, model: int, columns: slice) -> Array:
    """X'y of each block, of some columns of a model with it and all before: (G, columns, D)."""
    models = range(model + 1)
    width = sum(len(read.means[m]) for m in models)
    found = np.zeros((read.blocks.count, columns.stop - columns.start, width))
    for parts, places in read.parts(models):
        whole = np.concatenate(parts, axis=1)
        own = parts[model][:, columns]
        for g, at in enumerate(places):
            found[g] += own[at].T @ whole[at]
    return found


def _products_by_gram(read: _Reader) -> Table:
    """As `_products`, from the Gram matrices of few videos with many dimensions."""
    member_of, count = read.blocks.member_of, read.blocks.count
    one_of = (member_of[:, None] == np.arange(count)).astype(np.float64)
    models = range(len(read.features))
    wholes = [np.concatenate([parts[0] for parts, _ in read.parts([m])]) for m in models]
    grams = [whole @ whole.T for whole in wholes]
    return {(i, j): one_of.T @ (grams[i] * grams[j]) @ one_of for i, j in pairs_of(len(grams))}
