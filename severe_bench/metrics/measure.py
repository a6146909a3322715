"""Metrics as pure functions on arrays, by name."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from severe_bench.core.metric import Metric
from severe_bench.core.registry import Registry

Scores = NDArray[np.float32]
Targets = NDArray[np.generic]
Weights = NDArray[np.float64]


@dataclass(frozen=True)
class Measure:
    """A metric with its mathematics.

    Args:
        metric: name, unit, direction.
        value: (scores (N, ...), targets (N, ...)) -> the metric over all samples.
        contributions: (scores, targets) -> (N,) values whose mean is `value`, or None where the
            metric is no mean over samples.
        weighted: (scores, targets, weights (R, N)) -> (R,) the metric of R resamples at once, where
            weights[r, i] says how often sample i was drawn. Without it and without
            `contributions`, bootstrap recomputes `value` on each resample.
    """

    metric: Metric
    value: Callable[[Scores, Targets], float]
    contributions: Callable[[Scores, Targets], NDArray[np.float64]] | None = None
    weighted: Callable[[Scores, Targets, Weights], NDArray[np.float64]] | None = None


METRICS: Registry[Measure] = Registry(
    "metric",
    {
        "top1": "severe_bench.metrics.accuracy:TOP1",
        "top5": "severe_bench.metrics.accuracy:TOP5",
        "mean_per_class": "severe_bench.metrics.accuracy:MEAN_PER_CLASS",
    },
    group="severe_bench.metrics",
)
