"""Where a network looks without any label: class-agnostic activation maps (thesis Fig. 5.5, C.2).

A map is the mean over channels of the rectified last feature maps (Baek et al., PsyNet, AAAI 2020).
Where it is known where the moving objects are, the share of the map's sum that lies inside them
says how far the network looks at what moves; the share of the area is what a blind map would get.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Box = tuple[float, float, float, float]
"""x1, y1, x2, y2 as fractions of the picture."""


@dataclass(frozen=True)
class Energy:
    """How much of a map lies inside the boxes.

    Args:
        inside: share of the map's sum, in [0, 1]; NaN for a map that is zero everywhere.
        area: share of the picture, mean over frames: `inside` of a map that is the same everywhere.
    """

    inside: float
    area: float

    @property
    def gain(self) -> float:
        """How many times more than by chance."""
        return self.inside / self.area


def activation_map(maps: NDArray[np.floating]) -> Array:
    """Mean over channels of the rectified maps: (C, T, H, W) -> (T, H, W), not negative."""
    return np.asarray(np.maximum(maps, 0.0).mean(axis=0), np.float64)


def energy(map_: Array, boxes: Sequence[Sequence[Box]]) -> Energy | None:
    """Share of a map inside boxes; every cell counts by the part of it that boxes cover.

    Args:
        map_: (T', H', W'), not negative.
        boxes: of each of the T frames of the clip, T a multiple of T'; overlapping boxes count
            once.

    Returns:
        None where no frame has a box.
    """
    cover = coverage(boxes, map_.shape)
    if not cover.any():
        return None
    total = float(map_.sum())
    inside = float((map_ * cover).sum()) / total if total > 0 else float("nan")
    return Energy(inside, float(cover.mean()))


def coverage(boxes: Sequence[Sequence[Box]], shape: tuple[int, ...], fine: int = 16) -> Array:
    """Part of each cell of a map that boxes cover: (T', H', W') in [0, 1].

    Args:
        boxes: of each frame.
        shape: T', H', W'; the frames are split evenly over T'.
        fine: cells are sampled at so many points a side.
    """
    steps, rows, columns = shape
    frames = np.stack([_mask(found, rows * fine, columns * fine) for found in boxes])
    cells = frames.reshape(len(boxes), rows, fine, columns, fine).mean(axis=(2, 4))
    of_step = np.arange(len(boxes)) * steps // len(boxes)
    return np.stack([cells[of_step == step].mean(axis=0) for step in range(steps)])


def in_centre_crop(box: Box, height: int, width: int, size: int, resize: float) -> Box | None:
    """A box of the frame as one of the test crop; None where nothing of it is left.

    Args:
        box: in fractions of the frame.
        height: of the frame in pixels.
        width: of the frame in pixels.
        size: side of the crop.
        resize: the short side becomes int(size / resize) before the centre is cut out.
    """
    short = int(size / resize)
    scale = short / min(height, width)
    high, wide = int(height * scale), int(width * scale)
    top, left = round((high - size) / 2), round((wide - size) / 2)
    x1, x2 = (min(1.0, max(0.0, (x * wide - left) / size)) for x in (box[0], box[2]))
    y1, y2 = (min(1.0, max(0.0, (y * high - top) / size)) for y in (box[1], box[3]))
    return (x1, y1, x2, y2) if x2 > x1 and y2 > y1 else None


def _mask(boxes: Sequence[Box], rows: int, columns: int) -> NDArray[np.bool_]:
    y = (np.arange(rows) + 0.5) / rows
    x = (np.arange(columns) + 0.5) / columns
    mask = np.zeros((rows, columns), bool)
    for x1, y1, x2, y2 in boxes:
        mask |= ((y >= y1) & (y < y2))[:, None] & ((x >= x1) & (x < x2))[None, :]
    return mask
