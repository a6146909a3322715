"""Average precision of detections, as PASCAL VOC defines it since 2010.

Detections of one class are ranked over the whole test set. Precision is made to fall by giving each
recall the best precision at that recall or beyond, and averaged over all recalls: the area under
that curve (Everingham et al. 2015, section 3.4; ActivityNet's `metrics.py` for AVA). Equal scores
are one threshold, so that the order of samples cannot matter; the official scripts leave it to
their sort.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from severe_bench.metrics.measure import Weights
from severe_bench.metrics.overlap import Floats

Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Judged:
    """The detections of one class, each found right or wrong.

    Args:
        scores: (D,).
        right: (D,) whether it found something that no detection before it has found.
        sample: (D,) index of the test sample that it belongs to.
        wanted: (N,) how much there is to find in each test sample.
    """

    scores: Floats
    right: Flags
    sample: NDArray[np.int64]
    wanted: NDArray[np.int64]


def first_hits(overlaps: Floats, scores: Floats, wanted: Flags, threshold: float) -> Flags:
    """Which detections are right: each looks at the truth that it overlaps most, and nothing else.

    It is right if that overlap reaches the threshold and no detection of a higher score has found
    the same truth (ActivityNet's `per_image_evaluation.py`; PASCAL VOC).

    Args:
        overlaps: (N, K, M) of detections and truths within each of N frames.
        scores: (N, K), NaN where there is no detection.
        wanted: (N, M) which truths are of this class.
        threshold: of the overlap, inclusive.

    Returns:
        (N, K).
    """
    right = np.zeros(scores.shape, dtype=np.bool_)
    if not overlaps.size:
        return right
    of_class = np.where(wanted[:, None, :], overlaps, -1.0)
    nearest = of_class.argmax(axis=-1)
    found = of_class.max(axis=-1) >= threshold
    frame, place = np.nonzero(found & ~np.isnan(scores))
    truth = nearest[frame, place]
    order = np.lexsort((-scores[frame, place], truth, frame))
    keys = np.stack([frame[order], truth[order]])
    new = np.ones(len(order), dtype=np.bool_)
    new[1:] = (keys[:, 1:] != keys[:, :-1]).any(axis=0)
    right[frame[order][new], place[order][new]] = True
    return right


def taken(overlaps: Floats, scores: Floats, threshold: float) -> Flags:
    """Which detections of a sample are right, where each that is takes one truth away.

    By falling score, each looks at the truth that it overlaps most among those that are left
    (ActivityNet's `eval_detection.py`; the scripts of Kalogeiton et al. 2017 and of YOWO).

    Args:
        overlaps: (K, M) of detections and truths of one class.
        scores: (K,).
        threshold: of the overlap, inclusive.

    Returns:
        (K,).
    """
    right, left = np.zeros(len(scores), dtype=np.bool_), overlaps.copy()
    if not left.shape[1]:
        return right
    for number in np.argsort(-scores, kind="stable"):
        if left[number].max() >= threshold:
            right[number] = True
            left[:, left[number].argmax()] = -1.0
    return right


def mean_over_classes(classes: Iterable[Judged], weights: Weights) -> Floats:
    """Mean AP of R resamples over the classes of which something was drawn.

    Args:
        classes: detections of one class after another.
        weights: (R, N) how often each sample was drawn.

    Returns:
        (R,) in per cent; 0 where nothing at all was drawn.
    """
    drawn = np.ascontiguousarray(weights.T)
    total, counted = np.zeros(len(weights)), np.zeros(len(weights))
    for judged in classes:
        found = average_precision(judged, drawn)
        there = ~np.isnan(found)
        total[there] += found[there]
        counted += there
    return 100.0 * np.divide(total, counted, out=np.zeros_like(total), where=counted > 0)


def mean_over_thresholds(
    judged: Callable[[float], Iterable[Judged]], thresholds: Sequence[float], weights: Weights
) -> Floats:
    """Mean of `mean_over_classes` over thresholds of the overlap, (R,).

    Args:
        judged: threshold -> the detections of one class after another.
        thresholds: at least one.
        weights: (R, N) how often each sample was drawn.
    """
    found = [mean_over_classes(judged(at), weights) for at in thresholds]
    return np.asarray(np.mean(found, axis=0))


def average_precision(judged: Judged, drawn: Floats) -> Floats:
    """AP of R resamples.

    Only thresholds at which something is found are looked at: at any other, precision is no better
    than at the one before.

    Args:
        judged: detections of one class.
        drawn: (N, R) how often each sample was drawn.

    Returns:
        (R,) in [0, 1]; NaN where nothing of the class was drawn.
    """
    order = np.argsort(-judged.scores, kind="stable")
    right, sample = judged.right[order], judged.sample[order]
    ends = np.searchsorted(-judged.scores[order], -judged.scores[order][right], side="right")
    step = np.searchsorted(np.unique(ends), np.arange(len(order)), side="right")
    gained = _drawn_by_step(step[right], sample[right], drawn)
    hits = np.cumsum(gained, axis=0)
    above = np.cumsum(_drawn_by_step(step, sample, drawn)[: len(hits)], axis=0)
    precision = np.divide(hits, above, out=np.zeros_like(hits), where=above > 0)
    best = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
    area, wanted = (gained * best).sum(axis=0), judged.wanted @ drawn
    return np.asarray(np.divide(area, wanted, out=np.full(len(wanted), np.nan), where=wanted > 0))


def _drawn_by_step(step: NDArray[np.int64], sample: NDArray[np.int64], drawn: Floats) -> Floats:
    """(S, R) how many detections were drawn in each step of the ranking."""
    shape = (int(step.max()) + 1 if len(step) else 0, len(drawn))
    return np.asarray(csr_array((np.ones(len(step)), (step, sample)), shape=shape) @ drawn)
