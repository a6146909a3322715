"""Temporal localisation: what happens when, as THUMOS14 and ActivityNet are evaluated.

Scores are (N, K, 4): for each of N videos up to K found spans: start, end (seconds), class id and
score. Targets are (N, M, 3): start, end, class id. Rows of NaN are padding. Classes of which there
is nothing to find are left out of the mean.

A span is right if, of the true spans of its class and video that no span of a higher score has
taken, the one that it overlaps most is overlapped enough (intersection over union, inclusive);
average precision is the area under the falling precision (ActivityNet's `eval_detection.py`).
Equal scores are one threshold, where that script leaves it to its sort.
"""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from severe_bench.core.errors import NotFinite, UserError
from severe_bench.core.metric import Metric
from severe_bench.metrics.checks import require_samples
from severe_bench.metrics.detections import Judged, mean_over_thresholds, taken
from severe_bench.metrics.measure import Measure, Scores, Targets, Weights
from severe_bench.metrics.overlap import Floats, span_iou

SPAN, FOUND, WANTED = 2, 4, 3
THRESHOLDS = tuple(number / 10 for number in range(1, 8))
"""0.1, 0.2, ... 0.7."""


def span_map(scores: Scores, targets: Targets, thresholds: tuple[float, ...]) -> float:
    """Mean over thresholds and classes of the spans' average precision, in per cent.

    Args:
        scores: (N, K, 4).
        targets: (N, M, 3).
        thresholds: of the overlap, inclusive.

    Raises:
        UserError: no sample, a span with numbers missing, or nothing to find.
        ValueError: shapes that do not fit.

    Example:
        >>> found = np.array([[[0.0, 4.0, 1.0, 0.9]]], np.float32)
        >>> there = np.array([[[0.0, 5.0, 1.0]]])
        >>> span_map(found, there, (0.7, 0.9))  # they overlap by 0.8
        50.0
    """
    return float(span_map_weighted(scores, targets, np.ones((1, len(scores))), thresholds)[0])


def span_map_weighted(
    scores: Scores, targets: Targets, weights: Weights, thresholds: tuple[float, ...]
) -> Floats:
    """`span_map` of R resamples (R,), weights (R, N) being how often each video was drawn."""
    videos = _videos(scores, targets)
    return mean_over_thresholds(partial(_judged, videos), thresholds, weights)


class _Video:
    """One video: found (K, 4) and wanted (M, 3) spans, their overlaps (K, M); no padding."""

    def __init__(self, found: NDArray[np.floating], wanted: NDArray[np.floating]) -> None:
        self.found = found[~np.isnan(found).all(axis=1)].astype(np.float64)
        self.wanted = wanted[~np.isnan(wanted).all(axis=1)].astype(np.float64)
        self.overlaps = span_iou(self.found[:, :SPAN], self.wanted[:, :SPAN])


def _judged(videos: list[_Video], threshold: float) -> Iterator[Judged]:
    for label in sorted({label for video in videos for label in video.wanted[:, 2].tolist()}):
        scores, right, sample = [], [], []
        for number, video in enumerate(videos):
            ours = video.found[:, 2] == label
            scores.append(video.found[ours, 3])
            theirs = video.overlaps[ours][:, video.wanted[:, 2] == label]
            right.append(taken(theirs, scores[-1], threshold))
            sample.append(np.full(len(scores[-1]), number))
        wanted = np.array([int((video.wanted[:, 2] == label).sum()) for video in videos])
        yield Judged(np.concatenate(scores), np.concatenate(right), np.concatenate(sample), wanted)


def _videos(scores: Scores, targets: Targets) -> list[_Video]:
    wanted = np.asarray(targets, dtype=np.float64)
    fits = scores.ndim == wanted.ndim == 3 and len(scores) == len(wanted)
    if not fits or scores.shape[2] != FOUND or wanted.shape[2] != WANTED:
        raise ValueError(f"scores {scores.shape}, targets {wanted.shape}: (N, K, 4), (N, M, 3)")
    require_samples(scores)
    videos = [_Video(*pair) for pair in zip(scores, wanted, strict=True)]
    broken = sum(not np.isfinite(video.found).all() for video in videos)
    if broken:
        what = (
            f"the spans of {broken} of {len(videos)} test videos hold numbers that are not finite"
        )
        raise NotFinite(what)
    if any(not np.isfinite(video.wanted).all() for video in videos):
        raise ValueError("targets are start, end and class id, or NaN throughout")
    if not any(len(video.wanted) for video in videos):
        raise UserError("no test video has a span", mend="check the dataset's test list")
    return videos


def _measure(name: str, title: str, thresholds: tuple[float, ...]) -> Measure:
    value: Callable[[Scores, Targets], float] = partial(span_map, thresholds=thresholds)
    return Measure(
        Metric(name, title, "%", worst=0.0, best=100.0),
        value,
        weighted=partial(span_map_weighted, thresholds=thresholds),
    )


SPAN_MAP = _measure("span_map", "mAP@tIoU 0.1:0.7", THRESHOLDS)
(
    SPAN_MAP_010,
    SPAN_MAP_020,
    SPAN_MAP_030,
    SPAN_MAP_040,
    SPAN_MAP_050,
    SPAN_MAP_060,
    SPAN_MAP_070,
) = (_measure(f"span_map_0{int(at * 10)}0", f"mAP@tIoU {at}", (at,)) for at in THRESHOLDS)
