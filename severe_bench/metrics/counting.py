"""Errors of predicted counts.

Scores are predicted counts (N,), targets true counts (N,), at least 1. Samples with a score that is
not finite are refused, never counted as wrong.
"""

from math import inf

import numpy as np
from numpy.typing import NDArray

from severe_bench.core.errors import NotFinite, UserError
from severe_bench.core.metric import Metric
from severe_bench.metrics.measure import Measure, Scores, Targets


def relative_errors(scores: Scores, targets: Targets) -> NDArray[np.float64]:
    """|predicted - true| / true of each sample: (N,).

    Example:
        >>> relative_errors(np.array([3, 6], np.float32), np.array([4, 4])).tolist()
        [0.25, 0.5]
    """
    true, predicted = _checked(scores, targets)
    return np.abs(predicted - true) / true


def counting_error(scores: Scores, targets: Targets) -> float:
    """Mean of `relative_errors`: the mean counting error of Zhang et al. 2020 and of SEVERE."""
    return float(relative_errors(scores, targets).mean())


def off_by_one_hits(scores: Scores, targets: Targets) -> NDArray[np.float64]:
    """100 where the prediction differs from the count by at most one, else 0: (N,)."""
    true, predicted = _checked(scores, targets)
    return np.where(np.abs(predicted - true) <= 1, 100.0, 0.0)


def off_by_one(scores: Scores, targets: Targets) -> float:
    """Off-by-one accuracy (Runia et al. 2018) in per cent."""
    return float(off_by_one_hits(scores, targets).mean())


def _checked(scores: Scores, targets: Targets) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """True and predicted counts as floats: unsigned differences would wrap around."""
    if scores.ndim != 1 or scores.shape != targets.shape:
        raise ValueError(f"scores {scores.shape} and targets {targets.shape}: (N,) and (N,)")
    if len(scores) == 0:
        raise UserError("there is no test sample", mend="check the dataset's test list")
    true, predicted = targets.astype(np.float64), scores.astype(np.float64)
    if not (np.isfinite(true).all() and true.min() >= 1):
        raise ValueError(f"true counts are at least 1, not {true.min()}")
    broken = int((~np.isfinite(predicted)).sum())
    if broken:
        what = f"the counts of {broken} of {len(scores)} test samples are not finite"
        raise NotFinite(what)
    return true, predicted


COUNTING_ERROR = Measure(
    Metric("counting_error", "mean counting error", "", worst=1.0, best=0.0, farthest=inf),
    counting_error,
    relative_errors,
)
OBO = Measure(
    Metric("obo", "off-by-one accuracy", "%", worst=0.0, best=100.0), off_by_one, off_by_one_hits
)
