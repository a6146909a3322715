"""Mean average precision of several labels per sample, by two conventions.

Scores are (N, C), higher is likelier; targets are (N, C) of 0 and 1. Each class ranks all samples
by score; its average precision is the mean, over its positives, of the precision at each. A class
without a positive has none and is left out of the mean. Per cent.

`map` is Charades' own evaluation (Sigurdsson et al. 2016, `Charades_v1_classify.m`): equal scores
rank in list order, and samples without any label rank last, hence count in no class. (It divides by
zero for a class without a positive; the official test list has none.)

`map_sklearn` is what SEVERE's code calculates (PySlowFast's meter: scikit-learn's
`average_precision_score` on the classes that have a positive): equal scores are one threshold, and
a sample without a label is a negative of every class.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from severe_bench.core.errors import UserError
from severe_bench.core.metric import Metric
from severe_bench.metrics.checks import refuse_nan, require_samples
from severe_bench.metrics.measure import Measure, Scores, Targets, Weights

Floats = NDArray[np.float64]


def mean_average_precision(scores: Scores, targets: Targets) -> float:
    """What Charades calls mAP, in per cent.

    Raises:
        UserError: no sample, NaN among the scores, or no sample with a label.
        ValueError: shapes that do not fit, or targets other than 0 and 1.

    Example:
        >>> scores = np.array([[0.9, 0.1], [0.8, 0.9], [0.7, 0.1]], np.float32)
        >>> targets = np.array([[1, 0], [0, 1], [1, 0]])
        >>> round(mean_average_precision(scores, targets), 2)  # ((1/1 + 2/3) / 2 + 1/1) / 2
        91.67
    """
    return float(mean_average_precision_weighted(scores, targets, np.ones((1, len(scores))))[0])


def mean_average_precision_sklearn(scores: Scores, targets: Targets) -> float:
    """What SEVERE's code calls mAP, in per cent; errors as `mean_average_precision`."""
    weights = np.ones((1, len(scores)))
    return float(mean_average_precision_sklearn_weighted(scores, targets, weights)[0])


def mean_average_precision_weighted(scores: Scores, targets: Targets, weights: Weights) -> Floats:
    """`map` of R resamples (R,), drawn as weights (R, N) say; 0 where no positive was drawn."""
    positive = _checked(scores, targets)
    labelled = positive.any(axis=1)
    return _mean_over_classes(
        scores[labelled], positive[labelled], weights[:, labelled], _by_position
    )


def mean_average_precision_sklearn_weighted(
    scores: Scores, targets: Targets, weights: Weights
) -> Floats:
    """`map_sklearn` of R resamples (R,), likewise."""
    return _mean_over_classes(scores, _checked(scores, targets), weights, _by_threshold)


def average_precisions(scores: Scores, targets: Targets) -> Floats:
    """Average precision of each class as `map` has it, (C,) in per cent; NaN without a positive.

    Errors as `mean_average_precision`, whose value is the mean of these.
    """
    positive = _checked(scores, targets)
    labelled = positive.any(axis=1)
    weights = np.ones((1, int(labelled.sum())))
    found = np.full(scores.shape[1], np.nan)
    for label in np.flatnonzero(positive.any(axis=0)):
        ranking = _Ranking.of(scores[labelled, label], positive[labelled, label], weights)
        found[label] = 100.0 * _by_position(ranking)[0] / len(ranking.at)
    return found


@dataclass(frozen=True)
class _Ranking:
    """One class of R resamples: samples by descending score, equal ones in list order.

    Args:
        scores: (N,) descending.
        at: (P,) places of the positives.
        drawn: (R, P) how often each positive was drawn.
        above: (R, N) how many samples were drawn up to each place, it included.
        above_positive: (R, P) how many positives up to each positive, it included.
    """

    scores: NDArray[np.float32]
    at: NDArray[np.int64]
    drawn: Floats
    above: Floats
    above_positive: Floats

    @classmethod
    def of(
        cls, scores: NDArray[np.float32], positive: NDArray[np.bool_], weights: Weights
    ) -> "_Ranking":
        order = np.argsort(-scores, kind="stable")
        at = np.flatnonzero(positive[order])
        drawn = weights[:, order[at]]
        above = np.cumsum(weights[:, order], axis=1)
        return cls(scores[order], at, drawn, above, np.cumsum(drawn, axis=1))


Precisions = Callable[[_Ranking], Floats]


def _by_position(ranking: _Ranking) -> Floats:
    """(R,) sums of the precisions at every drawn copy of every positive, one place each.

    With A samples and F negatives above, the copies j = 1..k of a positive have precisions
    (A + j - F) / (A + j): together k - F (H(A + k) - H(A)), H the harmonic numbers.
    """
    most = int(ranking.above[:, -1].max())
    harmonic = np.concatenate([[0.0], np.cumsum(1.0 / np.arange(1, most + 1))])
    until = ranking.above[:, ranking.at]
    before = until - ranking.drawn
    negatives = until - ranking.above_positive
    span = harmonic[until.astype(np.int64)] - harmonic[before.astype(np.int64)]
    return np.asarray((ranking.drawn - negatives * span).sum(axis=1))


def _by_threshold(ranking: _Ranking) -> Floats:
    """(R,) sums of the precisions at every drawn positive, taken at the end of equal scores."""
    ends = np.searchsorted(-ranking.scores, -ranking.scores[ranking.at], side="right") - 1
    last = np.searchsorted(ranking.at, ends, side="right") - 1
    until = ranking.above[:, ends]
    precision = np.divide(
        ranking.above_positive[:, last], until, out=np.zeros_like(until), where=until > 0
    )
    return np.asarray((ranking.drawn * precision).sum(axis=1))


def _mean_over_classes(
    scores: Scores, positive: NDArray[np.bool_], weights: Weights, precisions: Precisions
) -> Floats:
    """(R,) in per cent."""
    total, counted = np.zeros(len(weights)), np.zeros(len(weights))
    for label in np.flatnonzero(positive.any(axis=0)):
        ranking = _Ranking.of(scores[:, label], positive[:, label], weights)
        positives = ranking.drawn.sum(axis=1)
        there = positives > 0
        total[there] += precisions(ranking)[there] / positives[there]
        counted += there
    return 100.0 * np.divide(total, counted, out=np.zeros_like(total), where=counted > 0)


def _checked(scores: Scores, targets: Targets) -> NDArray[np.bool_]:
    """The targets as truth values."""
    if scores.ndim != 2 or targets.shape != scores.shape:
        raise ValueError(f"scores {scores.shape} and targets {targets.shape}: (N, C) both")
    if not np.isin(targets, (0, 1)).all():
        raise ValueError("targets of several labels are 0 or 1")
    require_samples(scores)
    refuse_nan(scores)
    positive = targets.astype(np.bool_)
    if not positive.any():
        raise UserError("no test sample has a label", mend="check the dataset's labels")
    return positive


def _mean_ap(name: str, title: str) -> Metric:
    return Metric(name, title, "%", worst=0.0, best=100.0)


MAP = Measure(
    _mean_ap("map", "mAP"),
    mean_average_precision,
    weighted=mean_average_precision_weighted,
)
MAP_SKLEARN = Measure(
    _mean_ap("map_sklearn", "mAP (scikit-learn)"),
    mean_average_precision_sklearn,
    weighted=mean_average_precision_sklearn_weighted,
)
