"""Uncertainty of a metric: over seeds, over test videos, and of the difference of two models.

Seeds and test videos are two different variances (another training run; another test set), so they
are reported apart for one model and drawn together, crossed, for a difference.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from severe_bench.core.errors import UserError
from severe_bench.core.metric import Metric
from severe_bench.metrics.bootstrap import (
    Clusters,
    Run,
    group_sums,
    known_intervals,
    of_means,
    redrawn,
    replicates,
)
from severe_bench.metrics.few_groups import require_groups, widened
from severe_bench.metrics.measure import Measure
from severe_bench.store.predictions import Predictions

Array = NDArray[np.float64]
DRAWS = 2000
FEWEST = 100
SLOW_WORK = 500_000_000
"""Scores that metrics without a quick way may go through, all resamples and cells together."""


@dataclass(frozen=True)
class SeedSummary:
    """Mean over seeds and sample standard deviation (n - 1).

    Args:
        std: None for a single seed, and where all seeds are one outcome.
        one_outcome: several seeds have the very same predictions, as of a protocol that trains
            nothing: their spread was not measured, for nothing was drawn.
    """

    mean: float
    std: float | None
    n: int
    one_outcome: bool = False


@dataclass(frozen=True)
class Interval:
    """Percentile interval in the metric's unit; by Student's t where groups are few."""

    low: float
    high: float


@dataclass(frozen=True)
class Resampled:
    """One model in one experiment: its metric per seed, as measured and on each resampled test set.

    Args:
        seeds: in ascending order.
        values: (S,) the metric of each seed on the test set as it is.
        replicates: (S, B) the metric of each seed on B resampled test sets. Entry b is the same
            resample for all seeds and all models of the experiment.
        per_group: (S, G) the sum of what each group of test videos contributes to the metric; None
            where the metric is no mean over videos.
        groups: G, how many groups of test videos there are.
        metric: what was measured, with its direction and scale.
    """

    seeds: tuple[int, ...]
    values: Array
    replicates: Array
    per_group: Array | None
    groups: int
    metric: Metric

    @property
    def widened(self) -> Array:
        """(S, B) replicates that reach as far as intervals do, see `few_groups.widened`."""
        return widened(self.replicates, self.values, self.groups, self.metric.bounds)


@dataclass(frozen=True)
class PairedDifference:
    """Metric of one model minus that of another, on the same videos and seeds.

    Args:
        mean: over the common seeds, in the metric's unit.
        low, high: 95 % interval, test videos and seeds both drawn again; infinite where nothing is
            known, see `comparison`.
        n: test videos.
        seeds: common seeds. With one seed the interval covers test videos only.
    """

    mean: float
    low: float
    high: float
    n: int
    seeds: int

    @property
    def excludes_zero(self) -> bool:
        """Whether zero lies outside the interval."""
        return self.low > 0 or self.high < 0

    def scaled(self, factor: float) -> "PairedDifference":
        """In another unit; a negative factor turns the direction and swaps the bounds."""
        low, high = sorted((self.low * factor, self.high * factor))
        return PairedDifference(self.mean * factor, low, high, self.n, self.seeds)


def over_seeds(values: Sequence[float], predictions: Sequence[str] = ()) -> SeedSummary:
    """Mean and sample standard deviation of one number per seed.

    Args:
        values: one per seed.
        predictions: digest of each seed's predictions, empty where it is not known.

    Example:
        >>> over_seeds([50.0, 52.0]).std
        1.4142135623730951
        >>> over_seeds([50.0, 50.0], ["a0", "a0"]).std is None
        True
    """
    alike = len(values) > 1 and len(set(predictions)) == 1 and all(predictions)
    std = float(np.std(values, ddof=1)) if len(values) > 1 and not alike else None
    return SeedSummary(float(np.mean(values)), std, len(values), alike)


def resample(
    measure: Measure,
    runs: Mapping[str, Mapping[int, Predictions]],
    draws: int = DRAWS,
    seed: int = 0,
) -> dict[str, Resampled]:
    """Resample the test videos of one experiment, by group, once for all models and seeds.

    Args:
        measure: the metric. With `contributions` the work is one matrix product; without, the
            metric is computed anew on each resample.
        runs: model -> seed -> predictions; all on the same videos in the same order.
        draws: B, number of resampled test sets; fewer, but at least 100, for slow metrics.
        seed: of the resampling.

    Raises:
        UserError: two runs were tested on different videos; these are of too few groups; or the
            metric, which can only be computed anew on each resample, is too slow for that.
    """
    if not any(runs.values()):
        return {}
    predictions = [by_seed[s] for by_seed in runs.values() for s in sorted(by_seed)]
    require_same_videos(predictions)
    pairs = [(run.scores, run.targets) for run in predictions]
    clusters = Clusters.of(predictions[0].groups)
    require_groups(clusters.count, len(predictions[0].samples))
    draws = _affordable(measure, pairs, draws)
    per_group = group_sums(measure, pairs, clusters)
    if per_group is None:
        found = replicates(measure, pairs, clusters, draws, seed)
        values = np.array([measure.value(*run) for run in pairs])
    else:
        found = redrawn(of_means(per_group, clusters), clusters, draws, seed)
        values = per_group.sum(axis=1) / len(clusters.member_of)
    result = {}
    for model, rows in _rows_of(runs).items():
        sums = None if per_group is None else per_group[rows]
        seeds = tuple(sorted(runs[model]))
        owned = values[rows], found[rows], sums
        result[model] = Resampled(seeds, *owned, clusters.count, measure.metric)
    return result


def _rows_of(runs: Mapping[str, Mapping[int, Predictions]]) -> dict[str, list[int]]:
    """Model -> places of its seeds when all runs stand in one list, model by model."""
    owners = [model for model, by_seed in runs.items() for _ in by_seed]
    return {model: [i for i, owner in enumerate(owners) if owner == model] for model in runs}


def interval(resampled: Resampled) -> Interval | None:
    """95 % interval of the seed-averaged metric over test videos; None where nothing is known."""
    return intervals_of([resampled])[0]


def intervals_of(found: Sequence[Resampled]) -> list[Interval | None]:
    """`interval` of each of them, all of one call of `resample`."""
    averaged = np.stack([one.replicates.mean(axis=0) for one in found])
    values = np.array([one.values.mean() for one in found])
    first = found[0]
    mean = first.per_group is not None
    bounds = known_intervals(averaged, values, first.groups, first.metric.bounds, mean=mean)
    return [None if ends is None else Interval(*ends) for ends in bounds]


def with_seeds_drawn(replicates: Array, seed: int = 0) -> Array:
    """Means over S seeds drawn with replacement, drawn anew for each test set: (S, B) -> (B,).

    Equal S and B give equal draws, so that models with the same seeds are drawn alike.
    """
    count, draws = replicates.shape
    picks = np.random.default_rng((seed, 1)).integers(count, size=(count, draws))
    drawn: Array = np.take_along_axis(replicates, picks, axis=0).mean(axis=0)
    return drawn


def require_same_videos(runs: Sequence[Predictions]) -> None:
    """Refuse runs that were not tested on the same videos in the same order.

    Raises:
        UserError: naming the first difference.
    """
    first = runs[0]
    for other in runs[1:]:
        if not np.array_equal(first.samples, other.samples):
            raise UserError(
                "cells of one experiment were tested on different videos "
                f"({len(first.samples)} and {len(other.samples)} samples)",
                mend="run the experiment again into another --results folder",
            )


def _affordable(measure: Measure, runs: Sequence[Run], draws: int) -> int:
    """As many draws as a metric without a quick way allows.

    Raises:
        UserError: fewer than 100.
    """
    if measure.contributions is not None or measure.weighted is not None:
        return draws
    possible = SLOW_WORK // max(1, sum(scores.size for scores, _ in runs))
    if possible < FEWEST:
        what = f"{measure.metric.title} is too slow to resample for {len(runs)} cells"
        raise UserError(what, mend="the interval of each cell stands in results.csv")
    return min(draws, possible)
