"""Average precision of detections, as PASCAL VOC defines it since 2010.

Detections of one class are ranked over the whole test set. Precision is made to fall by giving each
recall the best precision at that recall or beyond, and averaged over all recalls: the area under
that curve (Everingham et al. 2015, section 3.4; ActivityNet's `metrics.py` for AVA). Equal scores
are one threshold, so that the order of samples cannot matter; the official scripts leave it to
their sort.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from severe_bench.metrics.measure import Weights
from severe_bench.metrics.overlap import Floats

BLOCK = 2_000_000
"""Largest number of weights of detections held at once."""

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


def average_precision(judged: Judged, weights: Weights) -> Floats:
    """AP of R resamples.

    Args:
        judged: detections of one class.
        weights: (R, N) how often each sample was drawn.

    Returns:
        (R,) in [0, 1]; NaN where nothing of the class was drawn.
    """
    rows = max(1, BLOCK // max(1, len(judged.scores)))
    parts = [
        _average_precision(judged, weights[start : start + rows])
        for start in range(0, len(weights), rows)
    ]
    return np.concatenate(parts)


def mean_over_classes(classes: Iterable[Judged], weights: Weights) -> Floats:
    """Mean AP of R resamples, (R,) in per cent, over the classes of which something was drawn.

    0 where nothing at all was drawn.
    """
    total, counted = np.zeros(len(weights)), np.zeros(len(weights))
    for judged in classes:
        found = average_precision(judged, weights)
        there = ~np.isnan(found)
        total[there] += found[there]
        counted += there
    return 100.0 * np.divide(total, counted, out=np.zeros_like(total), where=counted > 0)


def _average_precision(judged: Judged, weights: Weights) -> Floats:
    order = np.argsort(-judged.scores, kind="stable")
    ranked = judged.scores[order]
    ends = np.flatnonzero(np.diff(ranked, append=-np.inf))
    drawn = weights[:, judged.sample[order]]
    above = np.cumsum(drawn, axis=1)[:, ends]
    hits = np.cumsum(drawn * judged.right[order], axis=1)[:, ends]
    precision = np.divide(hits, above, out=np.zeros_like(hits), where=above > 0)
    best = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
    gained = np.diff(hits, axis=1, prepend=0.0)
    wanted = weights @ judged.wanted
    area = (gained * best).sum(axis=1)
    return np.asarray(np.divide(area, wanted, out=np.full(len(weights), np.nan), where=wanted > 0))
