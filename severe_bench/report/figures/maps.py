"""Activation maps over frames: a row per video, a column per model."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from severe_bench.report import style
from severe_bench.report.figures.canvas import Canvas, short
from severe_bench.report.figures.png import png_text
from severe_bench.report.table import fixed

SIDE, GAP, HEAD, FOOT = 132, 12, 30, 26
HOT = np.array([230.0, 96.0, 0.0])
STRONGEST = 0.8
"""How much of the frame the largest value of a map hides."""


@dataclass(frozen=True)
class MapRow:
    """One video.

    Args:
        name: of the video.
        frame: (S, S, 3) uint8, one frame as the network sees it.
        boxes: what moves, in fractions of the frame.
        maps: model -> (H', W') map of that moment, not negative.
        inside: model -> share of the whole map inside the boxes, NaN where that is not known.
        area: share of the frames that the boxes cover: `inside` of a blind map.
    """

    name: str
    frame: NDArray[np.uint8]
    boxes: Sequence[tuple[float, float, float, float]]
    maps: dict[str, NDArray[np.float64]]
    inside: dict[str, float]
    area: float = float("nan")


def map_grid(rows: Sequence[MapRow]) -> Canvas:
    """The frame alone, then with each model's map over it."""
    models = list(rows[0].maps) if rows else []
    height = SIDE + FOOT
    canvas = Canvas((1 + len(models)) * (SIDE + GAP) + 8, HEAD + height * len(rows) + 4)
    for j, title in enumerate(["frame", *models]):
        canvas.text(4 + j * (SIDE + GAP), 20, short(title, 18), size=11.5, bold=j > 0)
    for i, row in enumerate(rows):
        top = HEAD + i * height
        canvas.image((4, top), (SIDE, SIDE), png_text(row.frame), row.name)
        _boxes(canvas, row, (4, top))
        name = short(row.name.rpartition("/")[2], 20)
        canvas.text(4, top + SIDE + 14, name, size=10, fill=style.MUTED)
        for j, model in enumerate(models, 1):
            corner = 4 + j * (SIDE + GAP), top
            png = png_text(_over(row.frame, row.maps[model]))
            canvas.image(corner, (SIDE, SIDE), png, f"{row.name}, {model}")
            _boxes(canvas, row, corner)
            if not np.isnan(row.inside[model]):
                said = _said(row.inside[model], row.area)
                at = corner[0], top + SIDE + 14
                canvas.text(*at, said, size=10, fill=style.MUTED)
    return canvas


def _said(inside: float, area: float) -> str:
    words = f"{fixed(100 * inside, 0)} % inside"
    return words if np.isnan(area) else f"{words}, area {fixed(100 * area, 0)} %"


def _boxes(canvas: Canvas, row: MapRow, corner: tuple[float, float]) -> None:
    for x1, y1, x2, y2 in row.boxes:
        at = corner[0] + x1 * SIDE, corner[1] + y1 * SIDE
        size = (x2 - x1) * SIDE, (y2 - y1) * SIDE
        canvas.rect(at, size, "none", stroke="#fefefe", width=2.4)
        canvas.rect(at, size, "none", stroke="#101012", width=1)


def _over(frame: NDArray[np.uint8], map_: NDArray[np.float64]) -> NDArray[np.uint8]:
    """A map from its least to its largest value laid over its frame, smoothly enlarged."""
    side = len(frame)
    spread = map_.max() - map_.min()
    share = (map_ - map_.min()) / spread if spread > 0 else np.zeros_like(map_)
    strength = STRONGEST * _enlarged(share, side)[:, :, None]
    grey = frame.mean(axis=2, keepdims=True).repeat(3, axis=2)
    return np.asarray(np.clip(grey * (1 - strength) + HOT * strength, 0, 255), np.uint8)


def _enlarged(map_: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """Bilinear, cell centres kept in place."""

    def axis(values: NDArray[np.float64]) -> NDArray[np.float64]:
        at = (np.arange(side) + 0.5) / side * len(values) - 0.5
        return np.stack([np.interp(at, np.arange(len(values)), column) for column in values.T])

    return axis(axis(map_))
