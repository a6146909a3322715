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
        "mof": "severe_bench.metrics.segments:MOF",
        "mof_foreground": "severe_bench.metrics.segments:MOF_FOREGROUND",
        "edit": "severe_bench.metrics.segments:EDIT",
        "f1_10": "severe_bench.metrics.segments:F1_10",
        "f1_25": "severe_bench.metrics.segments:F1_25",
        "f1_50": "severe_bench.metrics.segments:F1_50",
        "span_map": "severe_bench.metrics.localisation:SPAN_MAP",
        "span_map_010": "severe_bench.metrics.localisation:SPAN_MAP_010",
        "span_map_020": "severe_bench.metrics.localisation:SPAN_MAP_020",
        "span_map_030": "severe_bench.metrics.localisation:SPAN_MAP_030",
        "span_map_040": "severe_bench.metrics.localisation:SPAN_MAP_040",
        "span_map_050": "severe_bench.metrics.localisation:SPAN_MAP_050",
        "span_map_060": "severe_bench.metrics.localisation:SPAN_MAP_060",
        "span_map_070": "severe_bench.metrics.localisation:SPAN_MAP_070",
    },
    group="severe_bench.metrics",
    of=Measure,
)
