"""R@k of video retrieval: is any of the k nearest of the query's class?

Scores are class ids of the gallery's items, nearest first, filled up with NaN where the gallery is
smaller: (N, Q, K) of Q queries per sample, which count alike. Targets are (N,) class ids.

It is a hit rate, not a share of what could be found, and never falls as k grows. Per cent. (Xu et
al., "Self-supervised Spatiotemporal Learning via Video Clip Order Prediction", CVPR 2019, section
4.3; the literature reports k = 1, 5, 10, 20, 50.)
"""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from severe_bench.core.metric import Metric
from severe_bench.metrics.checks import refuse_nan, require_samples
from severe_bench.metrics.measure import Measure, Scores, Targets

DEEPEST = 50
"""The largest k."""


def hits(scores: Scores, targets: Targets, k: int) -> NDArray[np.float64]:
    """Share of each sample's queries with a hit among their k nearest: (N,), in per cent.

    Raises:
        UserError: no sample, or a query without any neighbour.
        ValueError: shapes that do not fit, or a gap among the neighbours.

    Example:
        >>> hits(np.array([[[3, 1, np.nan]]], np.float32), np.array([1]), k=2)
        array([100.])
    """
    nearest = _checked(scores, targets)[..., :k]
    found = (nearest == targets[:, None, None]).any(axis=2)
    return np.asarray(100.0 * found.mean(axis=1))


def _checked(scores: Scores, targets: Targets) -> Scores:
    """Neighbours (N, Q, K)."""
    if scores.ndim != 3 or targets.shape != scores.shape[:1]:
        raise ValueError(f"scores {scores.shape} and targets {targets.shape}: (N, Q, K) and (N,)")
    if not np.issubdtype(targets.dtype, np.integer):
        raise ValueError(f"targets are class ids, not {targets.dtype}")
    require_samples(scores)
    refuse_nan(scores[..., 0])
    missing = np.isnan(scores)
    if (missing[..., :-1] & ~missing[..., 1:]).any():
        raise ValueError("a neighbour follows a missing one")
    return scores


def _measure(k: int) -> Measure:
    metric = Metric(f"recall_at_{k}", f"R@{k}", "%", worst=0.0, best=100.0)
    contributions = partial(hits, k=k)
    return Measure(
        metric,
        lambda scores, targets: float(contributions(scores, targets).mean()),
        contributions,
    )


RECALL_AT_1 = _measure(1)
RECALL_AT_5 = _measure(5)
RECALL_AT_10 = _measure(10)
RECALL_AT_20 = _measure(20)
RECALL_AT_50 = _measure(DEEPEST)
