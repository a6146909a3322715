"""Orders of models when test videos and seeds are drawn again: how sure ranks and agreement are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from severe_bench.analysis.agreement import kendall_of_each
from severe_bench.analysis.intervals import Interval, Resampled, with_seeds_drawn
from severe_bench.core.metric import Metric
from severe_bench.metrics.bootstrap import percentiles, percentiles_of_each

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Redrawn:
    """One experiment's scores, drawn again B times, the same draws for all models.

    Args:
        scores: (M, B) in the order of `models`, from 0 (worst) to 100 (best).
    """

    models: tuple[str, ...]
    scores: Array

    def of(self, models: Sequence[str]) -> Array:
        """The rows of some models."""
        return self.scores[[self.models.index(model) for model in models]]


def redraw(resampled: Mapping[str, Resampled], metric: Metric) -> Redrawn:
    """Seed-averaged scores with test videos and seeds both drawn again.

    With few groups of videos the draws reach as far as intervals do, see `metrics.few_groups`.
    """
    rows = [with_seeds_drawn(found.widened) for found in resampled.values()]
    scale = 100.0 / (metric.best - metric.worst)
    return Redrawn(tuple(resampled), (np.stack(rows) - metric.worst) * scale)


def ranks_of_each(scores: Array) -> Array:
    """Ranks in every draw, 1 is best, equal scores share the better rank: (M, B) -> (M, B)."""
    rounded = np.round(scores, 9)
    return np.asarray(1.0 + (rounded[None] > rounded[:, None]).sum(axis=1))


def rank_intervals(redrawn: Redrawn) -> dict[str, Interval]:
    """Between which ranks 95 % of the draws put each model."""
    return _intervals(redrawn.models, ranks_of_each(redrawn.scores))


@dataclass(frozen=True)
class Overall:
    """Intervals of a ranking over several experiments, by model.

    Args:
        mean_scores, average_ranks: 95 % intervals.
        behind_first: interval of the first model's mean score minus this one's, in points; absent
            for the first itself.
    """

    mean_scores: Mapping[str, Interval]
    average_ranks: Mapping[str, Interval]
    behind_first: Mapping[str, Interval]


def overall(experiments: Sequence[Redrawn], models: Sequence[str]) -> Overall:
    """Mean scores and average ranks drawn again; `models` best first, all in every experiment.

    Seeds are one draw for all experiments. So are test videos where two test sets have as many
    groups: right where they are the same videos, and without effect on the mean where they are not.
    """
    draws = min(len(one.scores[0]) for one in experiments)
    scores = [one.of(models)[:, :draws] for one in experiments]
    means = np.mean(scores, axis=0)
    ranks = np.mean([ranks_of_each(each) for each in scores], axis=0)
    return Overall(
        _intervals(models, means),
        _intervals(models, ranks),
        _intervals(models[1:], means[0] - means[1:]),
    )


def agreement_of_each(standard: Redrawn, here: Redrawn) -> Array:
    """Kendall's tau-b between two experiments in every draw (B,), over the models of both."""
    models = [model for model in standard.models if model in here.models]
    draws = min(standard.scores.shape[1], here.scores.shape[1])
    return kendall_of_each(standard.of(models)[:, :draws], here.of(models)[:, :draws])


def interval_of(values: Array) -> Interval | None:
    """95 % percentile interval of what is defined; None where nothing is."""
    known = values[~np.isnan(values)]
    return Interval(*percentiles(known)) if len(known) else None


def _intervals(models: Sequence[str], values: Array) -> dict[str, Interval]:
    if len(values) == 0:
        return {}
    bounds = zip(models, percentiles_of_each(values), strict=True)
    return {model: Interval(float(low), float(high)) for model, (low, high) in bounds}
