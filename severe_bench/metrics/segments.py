"""Segmentation: how well every moment of a video is given its class.

Scores (N, T) are predicted ids and targets (N, T) true ids of the same moments, so many a second as
the task says; 0 is background, class c is c + 1. Moments whose target is -1 are padding and never
looked at. A segment is a longest run of one id that is not background.

Frame-wise accuracy (MoF) is pooled over all moments. The edit score is 100 (1 - D / n), D the
Levenshtein distance of the two orders of segments and n the longer one's length, as a mean over
videos. F1@k: a predicted segment is right if the true segment of its class that it overlaps most
reaches k (intersection over union, inclusive) and no segment before it has found that one; right,
wrong and missed ones are added up over all videos (Lea et al. 2017, section 4; the published code
of Farha and Gall 2019, which later work reports).
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from severe_bench.core.errors import NotFinite, UserError
from severe_bench.core.metric import Metric
from severe_bench.metrics.checks import require_samples
from severe_bench.metrics.measure import Measure, Scores, Targets, Weights
from severe_bench.metrics.overlap import Floats

BACKGROUND, PADDING = 0, -1

Ids = NDArray[np.int64]
Pair = tuple[Ids, Ids]
"""Predicted and true ids of one video, without padding."""


def segments_of(ids: Ids) -> Ids:
    """Ids (K,) of the segments in order.

    Example:
        >>> segments_of(np.array([0, 2, 2, 1, 0, 0])).tolist()
        [2, 1]
    """
    firsts = np.flatnonzero(np.diff(ids, prepend=ids[:1] - 1))
    return np.asarray(ids[firsts][ids[firsts] != BACKGROUND])


def mof(scores: Scores, targets: Targets) -> float:
    """Share of all moments that have their id, background included, in per cent."""
    return float(mof_weighted(scores, targets, np.ones((1, len(scores))))[0])


def mof_weighted(scores: Scores, targets: Targets, weights: Weights) -> Floats:
    """`mof` of R resamples (R,), weights (R, N) being how often each video was drawn."""
    return _share(_pairs(scores, targets), weights)


def mof_foreground(scores: Scores, targets: Targets) -> float:
    """Share of the moments that are no background in truth that have their id, in per cent."""
    return float(mof_foreground_weighted(scores, targets, np.ones((1, len(scores))))[0])


def mof_foreground_weighted(scores: Scores, targets: Targets, weights: Weights) -> Floats:
    """`mof_foreground` of R resamples (R,)."""
    pairs = _with_segments(_pairs(scores, targets))
    inside = [(said[true != BACKGROUND], true[true != BACKGROUND]) for said, true in pairs]
    return _share(inside, weights)


def edit_scores(scores: Scores, targets: Targets) -> Floats:
    """Edit score of each video (N,) in per cent; 100 where there is no segment and none is said.

    Example:
        >>> edit_scores(np.array([[1, 1, 2, 0]], np.float32), np.array([[1, 2, 2, 3]])).round(1)
        array([66.7])
    """
    orders = [[segments_of(ids) for ids in pair] for pair in _pairs(scores, targets)]
    return np.array([_alike(said, true) for said, true in orders])


def edit(scores: Scores, targets: Targets) -> float:
    """Mean of `edit_scores`."""
    return float(edit_scores(scores, targets).mean())


def f1(scores: Scores, targets: Targets, overlap: float) -> float:
    """Segmental F1 in per cent.

    Args:
        scores: (N, T).
        targets: (N, T).
        overlap: in (0, 1].

    Raises:
        UserError: no sample, an id that is missing, or no segment to find.
        ValueError: shapes that do not fit.
    """
    return float(f1_weighted(scores, targets, np.ones((1, len(scores))), overlap=overlap)[0])


def f1_weighted(scores: Scores, targets: Targets, weights: Weights, overlap: float) -> Floats:
    """`f1` of R resamples (R,); 0 where no segment was drawn."""
    pairs = _with_segments(_pairs(scores, targets))
    counts = np.array([_counted(said, true, overlap) for said, true in pairs])
    right, said, true = (weights @ counts).T
    return _ratio(2.0 * right, said + true)


def _alike(said: Ids, true: Ids) -> float:
    longest = max(len(said), len(true))
    return 100.0 * (1.0 - _distance(said, true) / longest) if longest else 100.0


def _distance(left: Ids, right: Ids) -> int:
    """Fewest insertions, deletions and substitutions that make one the other."""
    short, long = sorted((left, right), key=len)
    places = np.arange(len(long) + 1)
    row = places.copy()
    for number, item in enumerate(short, start=1):
        best = np.minimum(row[1:] + 1, row[:-1] + (long != item))
        row = np.minimum.accumulate(np.append(number, best) - places) + places
    return int(row[-1])


def _counted(said: Ids, true: Ids, overlap: float) -> tuple[int, int, int]:
    """Segments that are right, all that were said and all that are there, of one video.

    Two segments of one class share the moments at which both are there, so that only such moments
    are counted, however many pairs of segments there are.
    """
    ours, theirs = _runs(said), _runs(true)
    both = (said == true) & (true != BACKGROUND)
    pairs, shared = np.unique(np.stack([ours, theirs])[:, both], axis=1, return_counts=True)
    joint = np.bincount(ours)[pairs[0]] + np.bincount(theirs)[pairs[1]] - shared
    order = np.lexsort((pairs[1], -shared / joint, pairs[0]))
    _, best = np.unique(pairs[0][order], return_index=True)
    nearest = order[best]
    found = pairs[1][nearest][(shared / joint)[nearest] >= overlap]
    return len(np.unique(found)), len(segments_of(said)), len(segments_of(true))


def _runs(ids: Ids) -> Ids:
    """Number of the run of equal ids that each moment is in, from 0."""
    return np.cumsum(np.diff(ids, prepend=ids[:1]) != 0)


def _share(pairs: list[Pair], weights: Weights) -> Floats:
    hits = np.array([(said == true).sum() for said, true in pairs], dtype=np.float64)
    sizes = np.array([len(true) for _, true in pairs], dtype=np.float64)
    return _ratio(weights @ hits, weights @ sizes)


def _ratio(parts: Floats, wholes: Floats) -> Floats:
    """In per cent; 0 of nothing."""
    return 100.0 * np.divide(parts, wholes, out=np.zeros_like(parts), where=wholes > 0)


def _with_segments(pairs: list[Pair]) -> list[Pair]:
    if not any((true != BACKGROUND).any() for _, true in pairs):
        what = "the test videos are background throughout"
        raise UserError(what, mend="check the dataset's test list and the option background")
    return pairs


def _pairs(scores: Scores, targets: Targets) -> list[Pair]:
    """Each video's ids without padding."""
    if scores.ndim != 2 or scores.shape != targets.shape:
        raise ValueError(f"scores {scores.shape} and targets {targets.shape}: (N, T) and (N, T)")
    require_samples(scores)
    true = targets.astype(np.int64)
    there = true != PADDING
    if not np.issubdtype(targets.dtype, np.integer) or true.min() < PADDING:
        raise ValueError("targets are ids from 0 on, or -1")
    if not there.any():
        raise UserError("no test video has a length", mend="check the dataset's durations")
    broken = (there & ~np.isfinite(scores)).any(axis=1)
    if broken.any():
        what = f"the ids of {int(broken.sum())} of {len(scores)} test videos are NaN in places"
        raise NotFinite(what)
    return [
        (said[at].astype(np.int64), ids[at])
        for said, ids, at in zip(scores, true, there, strict=True)
    ]


def _f1_measure(percent: int) -> Measure:
    value: Callable[[Scores, Targets], float] = partial(f1, overlap=percent / 100)
    return Measure(
        Metric(f"f1_{percent}", f"F1@{percent}", "%", worst=0.0, best=100.0),
        value,
        weighted=partial(f1_weighted, overlap=percent / 100),
    )


MOF = Measure(
    Metric("mof", "frame-wise accuracy, background included", "%", worst=0.0, best=100.0),
    mof,
    weighted=mof_weighted,
)
MOF_FOREGROUND = Measure(
    Metric("mof_foreground", "frame-wise accuracy without background", "%", worst=0.0, best=100.0),
    mof_foreground,
    weighted=mof_foreground_weighted,
)
EDIT = Measure(
    Metric("edit", "segmental edit score", "%", worst=0.0, best=100.0), edit, edit_scores
)
F1_10, F1_25, F1_50 = (_f1_measure(percent) for percent in (10, 25, 50))
