"""Video-mAP and frame-mAP of tubes: boxes of one class through the frames of a video.

Scores are (N, K, 1 + 5 F): for each of N videos up to K tubes: class id, then x1, y1, x2, y2 (in
fractions of the frame) and score of the box in each of F frames, NaN in frames outside the tube.
Targets are (N, M, 1 + 4 F'): class id, then the box in each of F' frames. Rows of NaN are padding.
A tube's score is the mean of its boxes' scores. Classes of which there is no target are left out.

Video-mAP (Weinzaepfel et al. 2015): a tube is right if the tube of its class, in its video, that it
overlaps most in space and time is overlapped enough and not yet taken; tubes choose by falling
score, and what one has taken is gone (as in the scripts of Kalogeiton et al. 2017 and of YOWO).
Frame-mAP judges the boxes by their own scores in every frame, also in those where nothing is to be
found, by the rule of `frame_map`.
"""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray

from severe_bench.core.errors import NotFinite, UserError
from severe_bench.core.metric import Metric
from severe_bench.metrics.checks import require_samples
from severe_bench.metrics.detections import (
    Judged,
    first_hits,
    mean_over_classes,
    mean_over_thresholds,
    taken,
)
from severe_bench.metrics.measure import Measure, Scores, Targets, Weights
from severe_bench.metrics.overlap import Floats, box_iou, tube_iou

BOX, SCORED = 4, 5
COCO = tuple(float(threshold) / 100 for threshold in range(50, 100, 5))
"""0.50, 0.55, ... 0.95."""


def video_map(scores: Scores, targets: Targets, thresholds: tuple[float, ...]) -> float:
    """Mean over thresholds and classes of the tubes' average precision, in per cent.

    Args:
        scores: (N, K, 1 + 5 F).
        targets: (N, M, 1 + 4 F').
        thresholds: of the overlap, inclusive.

    Raises:
        UserError: no sample, or nothing to find.
        NotFinite: a box or a score that is no number, within a tube.
        ValueError: shapes that do not fit.
    """
    return float(video_map_weighted(scores, targets, np.ones((1, len(scores))), thresholds)[0])


def video_map_weighted(
    scores: Scores, targets: Targets, weights: Weights, thresholds: tuple[float, ...]
) -> Floats:
    """`video_map` of R resamples (R,), weights (R, N) being how often each video was drawn."""
    videos = _videos(scores, targets)
    return mean_over_thresholds(partial(_tubes_judged, videos), thresholds, weights)


def frame_map_of_tubes(scores: Scores, targets: Targets) -> float:
    """Mean over classes of the boxes' average precision at an overlap of 0.5, in per cent."""
    return float(frame_map_of_tubes_weighted(scores, targets, np.ones((1, len(scores))))[0])


def frame_map_of_tubes_weighted(scores: Scores, targets: Targets, weights: Weights) -> Floats:
    """`frame_map_of_tubes` of R resamples (R,)."""
    return mean_over_classes(_boxes_judged(_videos(scores, targets)), weights)


class _Video:
    """One video's tubes; frames are those of the longer of prediction and truth.

    labels (K,), boxes (K, F, 4) and scores (K, F) of the detections; classes (M,) and truths
    (M, F, 4) of what is to be found.
    """

    def __init__(self, found: NDArray[np.floating], wanted: NDArray[np.floating]) -> None:
        found, wanted = (rows[~np.isnan(rows[:, 0])] for rows in (found, wanted))
        boxes, truths = _by_frame(found, SCORED), _by_frame(wanted, BOX)
        frames = max(boxes.shape[1], truths.shape[1])
        boxes, self.truths = _longer(boxes, frames), _longer(truths, frames)
        self.labels, self.classes = found[:, 0], wanted[:, 0]
        self.boxes, self.scores = boxes[..., :BOX], boxes[..., BOX]
        self.overlaps = tube_iou(self.boxes, self.truths)

    @property
    def is_finite(self) -> bool:
        """Whether tubes have a frame, and in each either five numbers or none."""
        numbers = np.concatenate([self.boxes, self.scores[..., None]], axis=-1)
        outside = np.isnan(numbers).all(axis=-1)
        whole = np.isfinite(numbers).all(axis=-1)
        return bool((outside | whole).all() and whole.any(axis=1).all())


def _by_frame(rows: NDArray[np.floating], numbers: int) -> Floats:
    """(K, F, numbers) of rows (K, 1 + F * numbers)."""
    frames = (rows.shape[1] - 1) // numbers
    return np.asarray(rows[:, 1:], np.float64).reshape(len(rows), frames, numbers)


def _longer(tubes: Floats, frames: int) -> Floats:
    return np.pad(tubes, ((0, 0), (0, frames - tubes.shape[1]), (0, 0)), constant_values=np.nan)


def _tubes_judged(videos: list[_Video], threshold: float) -> Iterator[Judged]:
    for label in _labels(videos):
        scores, right, sample = [], [], []
        for number, video in enumerate(videos):
            ours = video.labels == label
            means = np.nanmean(video.scores[ours], axis=1) if ours.any() else np.empty(0)
            scores.append(means)
            overlaps = video.overlaps[ours][:, video.classes == label]
            right.append(taken(overlaps, means, threshold))
            sample.append(np.full(len(means), number))
        yield _joined(scores, right, sample, _wanted(videos, label))


def _boxes_judged(videos: list[_Video]) -> Iterator[Judged]:
    for label in _labels(videos):
        scores, right, sample, wanted = [], [], [], []
        for number, video in enumerate(videos):
            ours, theirs = video.labels == label, video.classes == label
            boxes, truths = video.boxes[ours].swapaxes(0, 1), video.truths[theirs].swapaxes(0, 1)
            there, present = ~np.isnan(boxes[..., 0]), ~np.isnan(truths[..., 0])
            at = np.where(there, video.scores[ours].T, np.nan)
            hits = first_hits(box_iou(boxes, truths), at, present, 0.5)
            scores.append(at[there])
            right.append(hits[there])
            sample.append(np.full(int(there.sum()), number))
            wanted.append(int(present.sum()))
        yield _joined(scores, right, sample, np.array(wanted))


def _joined(
    scores: list[Floats],
    right: list[NDArray[np.bool_]],
    sample: list[NDArray[np.int64]],
    wanted: NDArray[np.int64],
) -> Judged:
    return Judged(np.concatenate(scores), np.concatenate(right), np.concatenate(sample), wanted)


def _wanted(videos: list[_Video], label: float) -> NDArray[np.int64]:
    return np.array([int((video.classes == label).sum()) for video in videos])


def _labels(videos: list[_Video]) -> list[float]:
    """Classes of which there is something to find."""
    return sorted({float(label) for video in videos for label in video.classes})


def _videos(scores: Scores, targets: Targets) -> list[_Video]:
    wanted = np.asarray(targets, dtype=np.float64)
    shapes = f"scores {scores.shape} and targets {wanted.shape}: (N, K, 1 + 5 F), (N, M, 1 + 4 F)"
    if scores.ndim != 3 or wanted.ndim != 3 or len(scores) != len(wanted):
        raise ValueError(shapes)
    if scores.shape[2] % SCORED != 1 or wanted.shape[2] % BOX != 1:
        raise ValueError(shapes)
    require_samples(scores)
    videos = [_Video(*pair) for pair in zip(scores, wanted, strict=True)]
    broken = sum(not video.is_finite for video in videos)
    if broken:
        raise NotFinite(f"the tubes of {broken} of {len(videos)} test videos hold NaN or infinity")
    if not _labels(videos):
        raise UserError("no test video has a tube", mend="check the dataset's test list")
    return videos


def _video_measure(name: str, title: str, thresholds: tuple[float, ...]) -> Measure:
    value: Callable[[Scores, Targets], float] = partial(video_map, thresholds=thresholds)
    return Measure(
        Metric(name, title, "%", worst=0.0, best=100.0),
        value,
        weighted=partial(video_map_weighted, thresholds=thresholds),
    )


VIDEO_MAP_020 = _video_measure("video_map_020", "video-mAP@0.2", (0.2,))
VIDEO_MAP_050 = _video_measure("video_map_050", "video-mAP@0.5", (0.5,))
VIDEO_MAP_050_095 = _video_measure("video_map_050_095", "video-mAP@0.5:0.95", COCO)
FRAME_MAP_050 = Measure(
    Metric("frame_map_050", "frame-mAP@0.5 of tubes", "%", worst=0.0, best=100.0),
    frame_map_of_tubes,
    weighted=frame_map_of_tubes_weighted,
)
