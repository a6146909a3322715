"""Frame-mAP: boxes with a score for every class, frame by frame, as AVA is evaluated.

Scores are (N, K, 4 + C): for each of N key frames up to K boxes, x1, y1, x2, y2 in fractions of the
frame, then the score of each class. Targets are (N, M, 4 + C): boxes, then 0 or 1 for each class.
Rows of NaN are padding. A class whose score is `NOT_EVALUATED` in every box is left out by intent
(20 of AVA's 80 are), one that occurs in no target because it has no AP.

A class's detection is right if the box of that class which it overlaps most is overlapped by at
least half (intersection over union) and was not found before by a higher score (Gu et al. 2018,
section 5; ActivityNet's `get_ava_performance.py`). That script also has a version that first cuts
each frame to its 50 best pairs of box and class; PySlowFast's, and this, keep all.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from severe_bench.core.errors import NotFinite, UserError
from severe_bench.core.metric import NOT_EVALUATED, Metric
from severe_bench.metrics.checks import require_samples
from severe_bench.metrics.detections import Judged, first_hits, mean_over_classes
from severe_bench.metrics.measure import Measure, Scores, Targets, Weights
from severe_bench.metrics.overlap import Floats, box_iou

CORNERS = 4
OVERLAP = 0.5


def frame_map(scores: Scores, targets: Targets) -> float:
    """Mean over classes of the average precision at an overlap of 0.5, in per cent.

    Raises:
        UserError: no sample, or nothing to find.
        NotFinite: a box with scores that are no numbers.
        ValueError: shapes that do not fit, a class that is left out in some boxes only.
    """
    return float(frame_map_weighted(scores, targets, np.ones((1, len(scores))))[0])


def frame_map_weighted(scores: Scores, targets: Targets, weights: Weights) -> Floats:
    """`frame_map` of R resamples (R,), weights (R, N) being how often each frame was drawn."""
    truth = np.asarray(targets, dtype=np.float64)
    _check(scores, truth)
    return mean_over_classes(_judged(scores, truth), weights)


def _judged(scores: Scores, targets: Floats) -> Iterator[Judged]:
    """The evaluated classes in turn."""
    overlaps = box_iou(scores[..., :CORNERS], targets[..., :CORNERS])
    there = ~np.isnan(scores[..., 0])
    for label in _evaluated(scores, there):
        of_class = np.where(there, scores[..., label], np.nan).astype(np.float64)
        wanted = targets[..., label] == 1
        right = first_hits(overlaps, of_class, wanted, OVERLAP)
        frames = np.nonzero(there)[0]
        yield Judged(of_class[there], right[there], frames, wanted.sum(axis=1))


def _evaluated(scores: Scores, there: NDArray[np.bool_]) -> list[int]:
    """Columns of the classes that count; all where there is no box at all."""
    of_boxes = scores[there][:, CORNERS:]
    left_out = (of_boxes == NOT_EVALUATED).all(axis=0) & there.any()
    return [CORNERS + label for label in np.flatnonzero(~left_out).tolist()]


def _check(scores: Scores, targets: Floats) -> None:
    fits = scores.ndim == targets.ndim == 3 and scores.shape[-1] == targets.shape[-1] > CORNERS
    if not fits or len(scores) != len(targets):
        what = f"scores {scores.shape} and targets {targets.shape}: (N, K, 4 + C), (N, M, 4 + C)"
        raise ValueError(what)
    require_samples(scores)
    there = ~np.isnan(scores[..., 0])
    of_boxes = scores[there]
    left_out = of_boxes == NOT_EVALUATED
    broken = (~np.isfinite(of_boxes) & ~left_out).any(axis=1)
    if broken.any():
        raise NotFinite(
            f"{int(broken.sum())} of {len(broken)} boxes have scores that are NaN or infinite"
        )
    if (left_out.any(axis=0) & ~left_out.all(axis=0)).any():
        raise ValueError("a class is left out in every box or in none")
    if not (targets[..., CORNERS:] == 1).any():
        raise UserError("no test frame has a box", mend="check the dataset's test list")


FRAME_MAP = Measure(
    Metric("frame_map", "frame-mAP@0.5", "%", worst=0.0, best=100.0),
    frame_map,
    weighted=frame_map_weighted,
)
