"""How much boxes, tubes and stretches of time overlap: intersection over union.

Boxes are (x1, y1, x2, y2) in any one unit; NaN is no box and overlaps nothing.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def box_iou(left: NDArray[np.floating], right: NDArray[np.floating]) -> Floats:
    """Overlap of each box on the left with each on the right, within leading dimensions.

    Args:
        left: (..., K, 4).
        right: (..., M, 4).

    Returns:
        (..., K, M) in [0, 1]; 0 where either is no box or has no area.

    Example:
        >>> box_iou(np.array([[0.0, 0.0, 2.0, 1.0]]), np.array([[1.0, 0.0, 3.0, 1.0]]))
        array([[0.33333333]])
    """
    one = left.astype(np.float64)[..., :, None, :]
    other = right.astype(np.float64)[..., None, :, :]
    low = np.maximum(one[..., :2], other[..., :2])
    high = np.minimum(one[..., 2:], other[..., 2:])
    shared = np.prod(np.maximum(high - low, 0.0), axis=-1)
    union = _area(one) + _area(other) - shared
    there = np.isfinite(union) & (union > 0)
    return np.asarray(np.divide(shared, union, out=np.zeros_like(shared), where=there))


def tube_iou(left: NDArray[np.floating], right: NDArray[np.floating]) -> Floats:
    """Overlap of each tube on the left with each on the right, in space and time.

    The mean overlap of the boxes over the frames that both have, times those frames' share in the
    frames that either has (Weinzaepfel et al. 2015; `iou3dt` of Kalogeiton et al. 2017).

    Args:
        left: (K, F, 4), NaN in frames outside the tube.
        right: (M, F, 4).

    Returns:
        (K, M) in [0, 1].
    """
    by_frame = box_iou(left.swapaxes(0, 1), right.swapaxes(0, 1))
    there, present = (~np.isnan(tubes[..., 0]) for tubes in (left, right))
    frames = (there[:, None] | present[None]).sum(axis=-1)
    total = by_frame.sum(axis=0)
    return np.asarray(np.divide(total, frames, out=np.zeros_like(total), where=frames > 0))


def span_iou(left: NDArray[np.floating], right: NDArray[np.floating]) -> Floats:
    """Overlap of each stretch of time on the left with each on the right.

    Args:
        left: (K, 2) start and end.
        right: (M, 2).

    Returns:
        (K, M) in [0, 1]; 0 where both have no length.

    Example:
        >>> span_iou(np.array([[0.0, 4.0]]), np.array([[1.0, 5.0], [4.0, 6.0]])).tolist()
        [[0.6, 0.0]]
    """
    one, other = left.astype(np.float64)[:, None], right.astype(np.float64)[None]
    shared = np.minimum(one[..., 1], other[..., 1]) - np.maximum(one[..., 0], other[..., 0])
    shared = np.maximum(shared, 0.0)
    union = np.diff(one)[..., 0] + np.diff(other)[..., 0] - shared
    return np.asarray(np.divide(shared, union, out=np.zeros_like(shared), where=union > 0))


def _area(boxes: Floats) -> Floats:
    return np.asarray(np.prod(np.maximum(boxes[..., 2:] - boxes[..., :2], 0.0), axis=-1))
