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
        "counting_error": "severe_bench.metrics.counting:COUNTING_ERROR",
        "obo": "severe_bench.metrics.counting:OBO",
        "map": "severe_bench.metrics.average_precision:MAP",
        "map_sklearn": "severe_bench.metrics.average_precision:MAP_SKLEARN",
        "verb_top1": "severe_bench.metrics.verb_noun:VERB_TOP1",
        "verb_top5": "severe_bench.metrics.verb_noun:VERB_TOP5",
        "noun_top1": "severe_bench.metrics.verb_noun:NOUN_TOP1",
        "noun_top5": "severe_bench.metrics.verb_noun:NOUN_TOP5",
        "action_top1": "severe_bench.metrics.verb_noun:ACTION_TOP1",
        "action_top5": "severe_bench.metrics.verb_noun:ACTION_TOP5",
        "recall_at_1": "severe_bench.metrics.retrieval:RECALL_AT_1",
        "recall_at_5": "severe_bench.metrics.retrieval:RECALL_AT_5",
        "recall_at_10": "severe_bench.metrics.retrieval:RECALL_AT_10",
        "recall_at_20": "severe_bench.metrics.retrieval:RECALL_AT_20",
        "recall_at_50": "severe_bench.metrics.retrieval:RECALL_AT_50",
        "cluster_accuracy": "severe_bench.metrics.clustering:CLUSTER_ACCURACY",
        "cluster_purity": "severe_bench.metrics.clustering:CLUSTER_PURITY",
        "nmi": "severe_bench.metrics.clustering:NMI",
        "ari": "severe_bench.metrics.clustering:ARI",
        "frame_map": "severe_bench.metrics.frame_map:FRAME_MAP",
        "video_map_020": "severe_bench.metrics.tube_map:VIDEO_MAP_020",
        "video_map_050": "severe_bench.metrics.tube_map:VIDEO_MAP_050",
        "video_map_050_095": "severe_bench.metrics.tube_map:VIDEO_MAP_050_095",
        "frame_map_050": "severe_bench.metrics.tube_map:FRAME_MAP_050",
    },
    group="severe_bench.metrics",
)
