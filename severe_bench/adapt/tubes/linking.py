"""From the boxes of frames to tubes of one class each.

Linking is that of YOWO's evaluation: the path through a video's frames that has the most of
2 sum s_t + sum (o_t + s_t s_t+1 / 2), with s_t the score of its box in frame t and o_t the overlap
of successive boxes, found by dynamic programming (Gkioxari and Malik 2015, section 3.2; Peng and
Schmid 2016, section 3.3); its boxes are taken away, and so again. A tube lasts from the first frame
to the last.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from severe_bench.metrics.overlap import Floats, box_iou, tube_iou

Places = NDArray[np.int64]
PRODUCT = 0.5
"""Weight of the product of successive scores."""
SCORED = 5


@dataclass(frozen=True)
class Found:
    """The boxes of P frames.

    Args:
        boxes: (P, n, 4), NaN where a frame has fewer than n.
        scores: (P, n, C) of each class.
    """

    boxes: Floats
    scores: Floats


@dataclass(frozen=True)
class Linked:
    """A tube.

    Args:
        label: class id.
        boxes: (P, 5): x1, y1, x2, y2 and score in each frame.
    """

    label: int
    boxes: Floats

    @property
    def score(self) -> float:
        """The mean of its boxes' scores."""
        return float(self.boxes[:, -1].mean())


def linked(found: Found, most: int, overlap: float) -> list[Linked]:
    """Tubes of all classes, best first.

    Args:
        found: boxes of at least one frame.
        most: tubes per class; fewer where a frame runs out of boxes.
        overlap: above which a tube is dropped for a better one of its class.
    """
    there = ~np.isnan(found.boxes[..., 0])
    scores = np.where(there[..., None], found.scores, 0.0)
    tubes: list[Linked] = []
    routes = paths(
        box_iou(found.boxes[:-1], found.boxes[1:]), scores.transpose(2, 0, 1), there, most
    )
    frames = np.arange(len(scores))
    for label, of_class in enumerate(routes):
        own = [
            Linked(label, np.c_[found.boxes[frames, route], scores[frames, route, label]])
            for route in of_class
            if route[0] >= 0
        ]
        tubes += _distinct(own, overlap)
    return sorted(tubes, key=lambda tube: -tube.score)


def paths(overlaps: Floats, scores: Floats, there: NDArray[np.bool_], most: int) -> Places:
    """The best paths of every class, each using up its boxes.

    Args:
        overlaps: (P - 1, n, n) of the boxes of successive frames.
        scores: (C, P, n).
        there: (P, n) whether there is such a box.
        most: paths per class.

    Returns:
        (C, most, P) places of boxes, -1 throughout where a frame has no box left.
    """
    classes, frames, _ = scores.shape
    free = np.broadcast_to(there, scores.shape).copy()
    routes = np.full((classes, most, frames), -1)
    every = np.arange(classes)[:, None]
    for number in range(most):
        alive = np.all(np.any(free, axis=2), axis=1)
        best = _best_paths(overlaps, scores, free)
        routes[alive, number] = best[alive]
        free[every[alive], np.arange(frames), best[alive]] = False
    return routes


def over_all_frames(tube: Linked, keys: Places, frames: int) -> Floats:
    """A tube's boxes and scores in every frame, between predicted ones interpolated linearly.

    Args:
        tube: predicted in the frames `keys`.
        keys: (P,) ascending.
        frames: F of the video.

    Returns:
        (F, 5).
    """
    wanted = np.arange(frames)
    return np.stack([np.interp(wanted, keys, values) for values in tube.boxes.T], axis=1)


def _best_paths(overlaps: Floats, scores: Floats, free: NDArray[np.bool_]) -> Places:
    """(C, P): one path for each class through boxes that are free; of equal ones the first."""
    classes, frames, count = scores.shape
    came = np.zeros((frames, classes, count), dtype=np.int64)
    total = np.where(free[:, 0], 2 * scores[:, 0], -np.inf)
    for frame in range(1, frames):
        product = scores[:, frame - 1, :, None] * scores[:, frame, None, :]
        step = total[:, :, None] + overlaps[frame - 1] + PRODUCT * product
        came[frame] = step.argmax(axis=1)
        reached = step.max(axis=1) + 2 * scores[:, frame]
        total = np.where(free[:, frame], reached, -np.inf)
    route = np.zeros((classes, frames), dtype=np.int64)
    route[:, -1] = total.argmax(axis=1)
    for frame in range(frames - 1, 0, -1):
        route[:, frame - 1] = came[frame][np.arange(classes), route[:, frame]]
    return route


def _distinct(tubes: list[Linked], overlap: float) -> list[Linked]:
    """The tubes that no better one overlaps too much."""
    kept: list[Linked] = []
    for tube in sorted(tubes, key=lambda tube: -tube.score):
        boxes = np.stack([one.boxes[:, :4] for one in [tube, *kept]])
        if not kept or tube_iou(boxes[:1], boxes[1:]).max() <= overlap:
            kept.append(tube)
    return kept
