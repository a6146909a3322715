"""Features that are read block by block: where they lie, their statistics, and their scaling."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from severe_bench.core.shards import Key, Shards

BLOCK_BYTES = 16 << 20
"""Of features read at once from the disk, about."""


@dataclass(frozen=True)
class Scaled:
    """Features on the disk that are shifted and scaled as they are read.

    Args:
        rows: (N, V, D).
        mean, deviation: (D,) float64.
    """

    rows: Shards
    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, V, D)."""
        return self.rows.shape

    def __len__(self) -> int:
        """N."""
        return len(self.rows)

    def __iter__(self) -> Iterator[NDArray[np.float32]]:
        """One row after another."""
        return (self[row] for row in range(len(self)))

    def __array__(
        self, dtype: np.dtype[Any] | None = None, copy: bool | None = None
    ) -> NDArray[Any]:
        """All rows in memory."""
        return self[:].astype(dtype or np.dtype(np.float32), copy=False)

    def __getitem__(self, key: Key) -> NDArray[np.float32]:
        """As of `rows`."""
        return scaled(self.rows[key], self.mean, self.deviation)


Features = NDArray[np.floating[Any]] | Shards | Scaled
"""(N, V, D) in memory or on the disk; all give rows by slice, by numbers, and by two numbers."""


def scaled(
    features: NDArray[Any], mean: NDArray[np.float64], deviation: NDArray[np.float64]
) -> NDArray[np.float32]:
    """Shifted and scaled in double precision."""
    return np.asarray((features - mean) / deviation, dtype=np.float32)


def blocks_of(features: Features) -> Iterator[NDArray[Any]]:
    """All rows in order: at once where they are in memory, else some at a time."""
    if isinstance(features, np.ndarray):
        yield features
    else:
        yield from _slices(features)


def mean_and_deviation(features: Features) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """By dimension, over all rows and views; deviation 1 where a dimension is constant.

    Sums run from row to row in one order, so that they do not depend on the blocks.
    """
    count = int(np.prod(features.shape[:-1]))
    mean = _summed(features, lambda rows: rows) / count
    deviation = np.sqrt(_summed(features, lambda rows: np.square(rows - mean)) / count)
    blocks = [(rows.min(axis=(0, 1)), rows.max(axis=(0, 1))) for rows in _slices(features)]
    lowest, highest = (np.stack(ends) for ends in zip(*blocks, strict=True))
    deviation[lowest.min(axis=0) == highest.max(axis=0)] = 1.0
    return mean, deviation


def _summed(
    features: Features, of: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> NDArray[np.float64]:
    total = np.zeros((0, features.shape[-1]))
    for block in _slices(features):
        rows = block.reshape(-1, block.shape[-1]).astype(np.float64)
        total = np.add.reduce(np.concatenate([total, of(rows)]), axis=0, keepdims=True)
    return np.asarray(total[0])


def _slices(features: Features) -> Iterator[NDArray[Any]]:
    row = int(np.prod(features.shape[1:])) * 4
    step = max(1, BLOCK_BYTES // max(1, row))
    for start in range(0, len(features), step):
        yield features[start : start + step]
