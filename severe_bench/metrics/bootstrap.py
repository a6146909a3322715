"""Confidence intervals of a metric over test samples: the percentile bootstrap."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from severe_bench.metrics.measure import Measure, Scores, Targets

LEVEL = 0.95
_BLOCK = 2_000_000  # draws held in memory at once

Floats = NDArray[np.float64]
Draws = NDArray[np.int64]


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
    names, member_of = np.unique(groups, return_inverse=True)
    blocks = _draws(len(names), seed, resamples)
    if measure.contributions is not None:
        parts = measure.contributions(scores, targets)
        values = np.concatenate([_means(parts, member_of, block) for block in blocks])
    else:
        members = np.split(np.argsort(member_of, kind="stable"), _ends(member_of))
        values = np.array(
            [_value(measure, scores, targets, members, row) for block in blocks for row in block]
        )
    low, high = np.quantile(values, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return float(low), float(high)


def _draws(groups: int, seed: int, resamples: int) -> Iterator[Draws]:
    """(R, G) group indices in blocks of rows that fit in memory."""
    random = np.random.default_rng(seed)
    rows = max(1, _BLOCK // groups)
    for start in range(0, resamples, rows):
        yield random.integers(groups, size=(min(rows, resamples - start), groups))


def _ends(member_of: NDArray[np.intp]) -> NDArray[np.intp]:
    """Where one group ends and the next begins once samples are sorted by group."""
    return np.cumsum(np.bincount(member_of))[:-1]


def _means(parts: Floats, member_of: NDArray[np.intp], draws: Draws) -> Floats:
    """The mean contribution of each resample (row of `draws`)."""
    sums, sizes = np.bincount(member_of, weights=parts), np.bincount(member_of)
    return np.asarray(sums[draws].sum(axis=1) / sizes[draws].sum(axis=1))


def _value(
    measure: Measure,
    scores: Scores,
    targets: Targets,
    members: list[NDArray[np.intp]],
    drawn: NDArray[np.int64],
) -> float:
    chosen = np.concatenate([members[group] for group in drawn])
    return measure.value(scores[chosen], targets[chosen])
