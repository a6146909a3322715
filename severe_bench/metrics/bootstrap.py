"""The cluster bootstrap over test samples: resampled metrics and their percentile intervals.

Groups are drawn with replacement, each with all its samples (Davison and Hinkley 1997, section
3.8), because clips of one source video are not independent. Where every group has one sample this
is the ordinary bootstrap (Efron and Tibshirani 1993, chapter 13).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from severe_bench.metrics.measure import Measure, Scores, Targets

LEVEL = 0.95
BLOCK = 4_000_000
"""Largest number of resampling weights held at once (32 MB)."""

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]
Run = tuple[Scores, Targets]
Estimate = Callable[[Floats], Floats]
"""Weights (R, G) of the groups in R resamples -> (K, R) metric of each run."""


def interval(
    measure: Measure,
    scores: Scores,
    targets: Targets,
    groups: NDArray[np.str_],
    seed: int = 0,
    resamples: int = 1000,
) -> tuple[float, float]:
    """The 95 % percentile bootstrap interval of `measure`.

    It is about the test samples only: training seeds vary on top of it. With a single group both
    ends are the value itself.

    Args:
        measure: which metric.
        scores: (N, ...).
        targets: (N, ...).
        groups: (N,), what is drawn together; equal names are one group.
        seed: of the draws.
        resamples: number of draws.

    Returns:
        Lower and upper end, in the metric's unit.
    """
    return percentiles(replicates(measure, [(scores, targets)], groups, resamples, seed)[0])


def percentiles(values: Floats) -> tuple[float, float]:
    """The 2.5 and 97.5 % quantiles."""
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def replicates(
    measure: Measure,
    runs: Sequence[Run],
    groups: NDArray[np.str_],
    resamples: int,
    seed: int = 0,
) -> Floats:
    """The metric of K runs on R resampled test sets, the same ones for all runs: (K, R).

    Args:
        measure: with `contributions` the work is one matrix product, with `weighted` one call per
            run; without both the metric is computed anew on each resample.
        runs: scores and targets of each run; all on the same N samples in the same order.
        groups: (N,), what is drawn together.
        resamples: R.
        seed: of the draws; equal seeds and numbers of groups give equal draws.
    """
    clusters = Clusters.of(groups)
    estimate = _estimator(measure, runs, clusters)
    return np.concatenate([estimate(w) for w in clusters.weights(resamples, seed)], axis=1)


@dataclass(frozen=True)
class Clusters:
    """Which samples belong together: `member_of` (N,) cluster of each sample, `count` clusters."""

    member_of: Indices
    count: int

    @classmethod
    def of(cls, groups: NDArray[np.str_]) -> Self:
        """Clusters of samples with equal names."""
        names, member_of = np.unique(groups, return_inverse=True)
        return cls(member_of, len(names))

    def weights(self, resamples: int, seed: int) -> Iterator[Floats]:
        """(R, count) how often each cluster was drawn, in blocks of rows that fit in memory."""
        random = np.random.default_rng(seed)
        rows = max(1, BLOCK // self.count)
        for start in range(0, resamples, rows):
            block = min(rows, resamples - start)
            drawn = random.integers(self.count, size=(block, self.count))
            drawn += np.arange(block)[:, None] * self.count
            counts = np.bincount(drawn.ravel(), minlength=block * self.count)
            yield counts.reshape(block, self.count).astype(np.float64)


def _estimator(measure: Measure, runs: Sequence[Run], clusters: Clusters) -> Estimate:
    if measure.contributions is not None:
        parts = np.stack([measure.contributions(*run) for run in runs])
        return _of_means(parts, clusters)
    weighted = measure.weighted
    if weighted is not None:
        return lambda weights: np.stack(
            [weighted(*run, weights[:, clusters.member_of]) for run in runs]
        )
    return lambda weights: np.array(
        [
            [measure.value(scores[row], targets[row]) for row in _rows(weights, clusters)]
            for scores, targets in runs
        ]
    )


def _of_means(parts: Floats, clusters: Clusters) -> Estimate:
    """Means of (K, N) contributions over resampled clusters."""
    count, member_of = clusters.count, clusters.member_of
    sums = np.stack([np.bincount(member_of, row, minlength=count) for row in parts])
    sizes = np.bincount(member_of, minlength=count)
    return lambda weights: np.asarray((sums @ weights.T) / (weights @ sizes))


def _rows(weights: Floats, clusters: Clusters) -> Iterator[Indices]:
    samples = np.arange(len(clusters.member_of))
    for row in weights:
        yield np.repeat(samples, row[clusters.member_of].astype(np.int64))
