"""The cluster bootstrap over test samples: resampled metrics and their percentile intervals.

Groups are drawn with replacement, each with all its samples (Davison and Hinkley 1997, section
3.8), because clips of one source video are not independent. Where every group has one sample this
is the ordinary bootstrap (Efron and Tibshirani 1993, chapter 13).

A metric that is no mean of samples is biased on a resample: average precision is higher there,
because a video that was drawn twice stands beside itself in the ranking. The mean of the replicates
shows that bias, and it is taken off (section 10.2), so that an interval lies around its value.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import numpy as np
from numpy.typing import NDArray

from severe_bench.core.metric import Metric
from severe_bench.metrics.few_groups import (
    FEW,
    FEWEST,
    LEVEL,
    all_agree,
    around,
    equal_groups,
    standard_errors,
)
from severe_bench.metrics.measure import Measure, Scores, Targets

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
) -> tuple[float, float] | None:
    """The 95 % bootstrap interval of `measure`.

    It is about the test samples only: training seeds vary on top of it. Percentiles; with few
    groups by Student's t, see `few_groups`.

    Args:
        measure: which metric.
        scores: (N, ...).
        targets: (N, ...).
        groups: (N,), what is drawn together; equal names are one group.
        seed: of the draws.
        resamples: number of draws.

    Returns:
        Lower and upper end, in the metric's unit; None where there are too few groups, and where
        they are so alike that nothing is known, see `known_intervals`.
    """
    clusters = Clusters.of(groups)
    if clusters.count < FEWEST:
        return None
    found = replicates(measure, [(scores, targets)], clusters, resamples, seed)
    value = np.array([measure.value(scores, targets)])
    mean = measure.contributions is not None
    return known_intervals(found, value, clusters.count, measure.metric.bounds, mean=mean)[0]


def intervals(found: Floats, values: Floats, groups: int, limits: tuple[float, float]) -> Floats:
    """The 95 % interval of each value over test samples: (K, 2), within the metric's limits.

    Args:
        found: (K, R) from `replicates`.
        values: (K,) on the test set as it is.
        groups: how many clusters were drawn from, `FEWEST` or more.
        limits: least and greatest value of the metric.
    """
    if groups >= FEW:
        return percentiles_of_each(found)
    bounds = around(values, standard_errors(found, groups), groups - 1)
    return np.asarray(np.clip(bounds, *limits))


def known_intervals(
    found: Floats, values: Floats, groups: int, limits: tuple[float, float], *, mean: bool
) -> list[tuple[float, float] | None]:
    """`intervals`, but none of no width: where all resamples agree, resampling knows nothing.

    Args:
        found: (K, R) from `replicates`.
        values: (K,) on the test set as it is.
        groups: how many clusters were drawn from, `FEWEST` or more.
        limits: least and greatest value of the metric.
        mean: whether the metric is one over videos, so that equal resamples are of equal groups:
            their interval is exact (`few_groups.equal_groups`). Others have none then, and where
            the metric has no end.
    """
    bounds = intervals(found, values, groups, limits)
    same = all_agree(found, values)
    bounds[same] = equal_groups(values[same], groups, limits) if mean else np.nan
    return [
        (float(low), float(high)) if np.isfinite([low, high]).all() else None
        for low, high in bounds
    ]


def percentiles(values: Floats) -> tuple[float, float]:
    """The 2.5 and 97.5 % quantiles."""
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def percentiles_of_each(values: Floats) -> Floats:
    """The 2.5 and 97.5 % quantiles of each row: (K, R) -> (K, 2)."""
    return np.asarray(np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=1).T)


def replicates(
    measure: Measure,
    runs: Sequence[Run],
    clusters: "Clusters",
    resamples: int,
    seed: int = 0,
) -> Floats:
    """The metric of K runs on R resampled test sets, the same ones for all runs: (K, R).

    Args:
        measure: with `contributions` the work is one matrix product, with `weighted` one call per
            run; without both the metric is computed anew on each resample.
        runs: scores and targets of each run; all on the same N samples in the same order.
        clusters: of the N samples, what is drawn together.
        resamples: R.
        seed: of the draws; equal seeds and numbers of groups give equal draws.
    """
    sums = group_sums(measure, runs, clusters)
    if sums is not None:
        return redrawn(of_means(sums, clusters), clusters, resamples, seed)
    estimate = _estimator(measure, runs, clusters)
    values = redrawn(estimate, clusters, resamples, seed)
    return _unbiased(values, estimate(np.ones((1, clusters.count))), measure.metric)


def _unbiased(values: Floats, whole: Floats, metric: Metric) -> Floats:
    """Replicates (K, R) moved to lie around the values (K, 1), within what the metric can be."""
    moved = values - values.mean(axis=1, keepdims=True) + whole
    return np.asarray(np.clip(moved, *metric.bounds))


def redrawn(estimate: Estimate, clusters: "Clusters", resamples: int, seed: int) -> Floats:
    """An estimate on R resampled test sets: (K, R)."""
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
        if resamples * self.count <= BLOCK:
            yield _whole(self.count, resamples, seed)
        else:
            yield from _blocks(self.count, resamples, seed)


@lru_cache(maxsize=4)
def _whole(count: int, resamples: int, seed: int) -> Floats:
    """One block, kept: the experiments of a suite mostly share their test sets."""
    (block,) = _blocks(count, resamples, seed)
    block.flags.writeable = False
    return block


def _blocks(count: int, resamples: int, seed: int) -> Iterator[Floats]:
    random = np.random.default_rng(seed)
    rows = max(1, BLOCK // count)
    for start in range(0, resamples, rows):
        block = min(rows, resamples - start)
        drawn = random.integers(count, size=(block, count))
        drawn += np.arange(block)[:, None] * count
        counts = np.bincount(drawn.ravel(), minlength=block * count)
        yield counts.reshape(block, count).astype(np.float64)


def group_sums(measure: Measure, runs: Sequence[Run], clusters: Clusters) -> Floats | None:
    """(K, G) what each cluster contributes to the metric of each run; None where it is no mean."""
    if measure.contributions is None:
        return None
    parts = [measure.contributions(*run) for run in runs]
    member_of, count = clusters.member_of, clusters.count
    return np.stack([np.bincount(member_of, part, minlength=count) for part in parts])


def of_means(sums: Floats, clusters: Clusters) -> Estimate:
    """The mean of contributions, from `group_sums`."""
    sizes = np.bincount(clusters.member_of, minlength=clusters.count)
    return lambda weights: np.asarray((sums @ weights.T) / (weights @ sizes))


def _estimator(measure: Measure, runs: Sequence[Run], clusters: Clusters) -> Estimate:
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


def _rows(weights: Floats, clusters: Clusters) -> Iterator[Indices]:
    samples = np.arange(len(clusters.member_of))
    for row in weights:
        yield np.repeat(samples, row[clusters.member_of].astype(np.int64))
