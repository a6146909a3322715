"""Confidence intervals of a metric over test samples: the percentile bootstrap."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from severe_bench.metrics.measure import Measure, Scores, Targets

LEVEL = 0.95
_BLOCK = 2_000_000  # draws held in memory at once

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]


def interval(
    measure: Measure,
    scores: Scores,
    targets: Targets,
    groups: NDArray[np.str_],
    seed: int = 0,
    resamples: int = 1000,
) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of `measure` (Efron and Tibshirani 1993, ch. 13).

    Groups are drawn with replacement, each with all its samples (the cluster bootstrap of Davison
    and Hinkley 1997, section 3.8), because clips of one source video are not independent. Where
    every group has one sample this is the ordinary bootstrap. It is about the test samples only:
    training seeds vary on top of it. With a single group both ends are the value itself.

    Args:
        measure: with `contributions` the resamples are sums, else `value` is taken of each.
        scores: (N, ...).
        targets: (N, ...).
        groups: (N,), what is drawn together; equal names are one group.
        seed: of the draws.
        resamples: number of draws.

    Returns:
        Lower and upper end, in the metric's unit.
    """
    clusters = Clusters.of(groups)
    blocks = _draws(len(clusters.sizes), seed, resamples)
    if measure.contributions is not None:
        parts = measure.contributions(scores, targets)
        values = np.concatenate([clusters.means(parts, block) for block in blocks])
    else:
        rows = (clusters.samples(drawn) for block in blocks for drawn in block)
        values = np.array([measure.value(scores[row], targets[row]) for row in rows])
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


@dataclass(frozen=True)
class Clusters:
    """Which samples belong together.

    Args:
        order: (N,) samples sorted by cluster.
        starts: (G,) where each cluster begins in `order`.
        sizes: (G,) samples of each cluster.
    """

    order: Indices
    starts: Indices
    sizes: Indices

    @classmethod
    def of(cls, groups: NDArray[np.str_]) -> Self:
        """Clusters of samples with equal names."""
        _, member_of, sizes = np.unique(groups, return_inverse=True, return_counts=True)
        return cls(np.argsort(member_of, kind="stable"), np.cumsum(sizes) - sizes, sizes)

    def samples(self, drawn: Indices) -> Indices:
        """All samples of the drawn clusters, one cluster after another."""
        sizes = self.sizes[drawn]
        ends = np.cumsum(sizes)
        places = np.repeat(self.starts[drawn] - (ends - sizes), sizes) + np.arange(ends[-1])
        return np.asarray(self.order[places])

    def means(self, parts: Floats, draws: Indices) -> Floats:
        """The mean of `parts` (N,) over the samples of each row of `draws` (R, G)."""
        sums = np.add.reduceat(parts[self.order], self.starts)
        return np.asarray(sums[draws].sum(axis=1) / self.sizes[draws].sum(axis=1))


def _draws(groups: int, seed: int, resamples: int) -> Iterator[Indices]:
    """(R, G) cluster indices in blocks of rows that fit in memory."""
    random = np.random.default_rng(seed)
    rows = max(1, _BLOCK // groups)
    for start in range(0, resamples, rows):
        yield random.integers(groups, size=(min(rows, resamples - start), groups))
