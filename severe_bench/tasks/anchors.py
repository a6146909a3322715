"""Typical sizes of boxes: k-means in which the distance is 1 - overlap.

Redmon and Farhadi 2017, section 2, "Dimension Clusters".
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
ROUNDS = 100


def anchors_of(sizes: Floats, count: int) -> Floats:
    """`count` sizes that stand for all, small ones first.

    It begins at equally spaced quantiles of the area, so that no seed is involved.

    Args:
        sizes: (N, 2) widths and heights, at least one.
        count: at least 1.

    Returns:
        (count, 2).
    """
    areas = np.argsort(sizes.prod(axis=1), kind="stable")
    starts = ((np.arange(count) + 0.5) / count * len(sizes)).astype(np.int64)
    centres = sizes[areas[starts]].astype(np.float64)
    nearest = np.full(len(sizes), -1)
    for _ in range(ROUNDS):
        before, nearest = nearest, size_overlap(sizes, centres).argmax(axis=1)
        if (before == nearest).all():
            break
        for number in np.unique(nearest):
            centres[number] = sizes[nearest == number].mean(axis=0)
    return np.asarray(centres[np.argsort(centres.prod(axis=1), kind="stable")])


def size_overlap(sizes: Floats, others: Floats) -> Floats:
    """Intersection over union of boxes (N, 2) and (M, 2) about one centre: (N, M)."""
    shared = np.minimum(sizes[:, None], others[None]).prod(axis=-1)
    union = sizes.prod(axis=-1)[:, None] + others.prod(axis=-1)[None] - shared
    return np.asarray(shared / union)
