"""Accuracy of scores over classes.

Scores are (N, C), any real numbers, higher is likelier; targets are (N,) class ids in [0, C).
A class outranks the target when its score is larger, or equal with a lower class id; so the
prediction is NumPy's `argmax`, and a model that scores all classes alike always answers class 0.
Samples with NaN among their scores are refused, never counted as wrong.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from severe_bench.core.metric import Metric
from severe_bench.metrics.checks import refuse_nan, require_class_ids, require_samples
from severe_bench.metrics.measure import Measure, Scores, Targets, Weights


def ranks(scores: NDArray[np.floating], targets: Targets) -> NDArray[np.int64]:
    """How many classes outrank the target: (N,) in [0, C); 0 is a correct prediction.

    Raises:
        UserError: no sample, or NaN among the scores.
        ValueError: shapes, types or class ids that do not fit each other.

    Example:
        >>> ranks(np.array([[0.1, 0.7, 0.7]], np.float32), np.array([2])).tolist()
        [1]
    """
    _check(scores, targets)
    ids = targets.astype(np.int64)[:, None]
    own = np.take_along_axis(scores, ids, axis=1)
    earlier = np.arange(scores.shape[1]) < ids
    outranks = (scores > own) | ((scores == own) & earlier)
    return np.asarray(outranks.sum(axis=1), dtype=np.int64)


def _check(scores: NDArray[np.floating], targets: Targets) -> None:
    if scores.ndim != 2 or targets.shape != scores.shape[:1]:
        raise ValueError(f"scores {scores.shape} and targets {targets.shape}: (N, C) and (N,)")
    require_samples(scores)
    require_class_ids(targets, scores.shape[1])
    refuse_nan(scores)


def top1_hits(scores: Scores, targets: Targets) -> NDArray[np.float64]:
    """100 where the prediction is the target, else 0: (N,), their mean is top-1 in per cent.

    Equal to `ranks` being 0, but quicker, which counts in a thousand bootstrap resamples.
    """
    _check(scores, targets)
    return np.where(scores.argmax(axis=1) == targets, 100.0, 0.0)


def top5_hits(scores: Scores, targets: Targets) -> NDArray[np.float64]:
    """100 where the target is among the first five classes, else 0.

    With fewer than five classes those are all classes, so every sample counts.
    """
    return np.where(ranks(scores, targets) < 5, 100.0, 0.0)


def top1(scores: Scores, targets: Targets) -> float:
    """Share of samples whose prediction is the target, in per cent."""
    return float(top1_hits(scores, targets).mean())


def top5(scores: Scores, targets: Targets) -> float:
    """Share of samples whose target is among the first five classes, in per cent."""
    return float(top5_hits(scores, targets).mean())


def mean_per_class(scores: Scores, targets: Targets) -> float:
    """Mean over the classes that occur among the targets of the top-1 accuracy within the class.

    SEVERE's code instead divides by all classes, counting one without a test sample as 0, which
    caps Diving48 at 97.9 %; the two agree wherever every class is tested.

    Returns:
        Per cent.
    """
    hits = top1_hits(scores, targets)
    counts = np.bincount(targets)
    sums = np.bincount(targets, weights=hits)
    occurs = counts > 0
    return float((sums[occurs] / counts[occurs]).mean())


def mean_per_class_weighted(
    scores: Scores, targets: Targets, weights: Weights
) -> NDArray[np.float64]:
    """`mean_per_class` of R resamples: weights (R, N) are how often each sample was drawn.

    A class of which nothing was drawn is left out of that resample's mean.
    """
    member = csr_array(
        (np.ones(len(targets)), (targets.astype(np.int64), np.arange(len(targets)))),
        shape=(int(targets.max()) + 1, len(targets)),
    )
    counts = member @ weights.T
    hits = (member * top1_hits(scores, targets)[None, :]) @ weights.T
    with np.errstate(invalid="ignore"):
        return np.asarray(np.nanmean(hits / counts, axis=0))


def _accuracy(name: str, title: str) -> Metric:
    return Metric(name, title, "%", worst=0.0, best=100.0)


TOP1 = Measure(_accuracy("top1", "top-1 accuracy"), top1, top1_hits)
TOP5 = Measure(_accuracy("top5", "top-5 accuracy"), top5, top5_hits)
MEAN_PER_CLASS = Measure(
    _accuracy("mean_per_class", "mean per-class accuracy"),
    mean_per_class,
    weighted=mean_per_class_weighted,
)
