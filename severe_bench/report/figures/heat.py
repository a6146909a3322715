"""A matrix as coloured squares: feature similarity, confusions."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from severe_bench.report import style
from severe_bench.report.figures.canvas import Canvas, short, width_of
from severe_bench.report.table import fixed

LONGEST = 32
DARK = 0.72
"""Share of blue from which light words are read better than dark ones, on white and on black."""
SLANTED, UPRIGHT = (-42, 0.72), (-90, 1.0)
"""How names of columns are turned, and what of their length is height; slanted ones need room."""
FEW = 14
"""Up to so many rows the squares are large and hold their numbers."""


def heat_map(
    values: NDArray[np.float64],
    rows: Sequence[str],
    columns: Sequence[str],
    digits: int = 2,
    axes: tuple[str, str] = ("", ""),
) -> Canvas:
    """Squares from white (0 or less) to blue (1).

    Args:
        values: (R, C) in [0, 1]; slightly negative ones are drawn as 0, NaN as grey, n/a.
        rows: their names.
        columns: their names.
        digits: of the numbers in the squares.
        axes: what rows and columns are, or empty.
    """
    side = 46 if max(len(rows), len(columns)) <= FEW else max(9, 640 // max(len(rows), 1))
    size = 11.5 if side >= 20 else 8.5
    left = 14 + max((width_of(short(n, LONGEST), size) for n in rows), default=0)
    turn, slope = SLANTED if side >= 20 else UPRIGHT
    low = 12 + slope * max((width_of(short(n, LONGEST), size) for n in columns), default=0)
    top = 22 if any(axes) else 8
    width = left + side * len(columns) + max(24.0, 0.3 * low)
    canvas = Canvas(width, top + side * len(rows) + low + 14)
    if any(axes):
        canvas.text(left, 13, f"{axes[0]} ↓   {axes[1]} →", size=11, fill=style.MUTED)
    for i, name in enumerate(rows):
        y = top + (i + 0.5) * side + 4
        canvas.text(left - 8, y, short(name, LONGEST), size=size, anchor="end")
    for j, name in enumerate(columns):
        x, y = left + (j + 0.6) * side, top + side * len(rows) + 14
        canvas.text(x, y, short(name, LONGEST), size=size, anchor="end", turned=turn)
    _squares(canvas, values, (left, top), side, digits)
    return canvas


def _squares(
    canvas: Canvas,
    values: NDArray[np.float64],
    corner: tuple[float, float],
    side: float,
    digits: int,
) -> None:
    for (i, j), value in np.ndenumerate(values):
        at = corner[0] + j * side, corner[1] + i * side
        known = not math.isnan(value)
        share = min(1.0, max(0.0, float(value))) if known else 0.0
        box = (side - 1, side - 1)
        if not known:
            canvas.rect(at, box, style.RULE)
        if share > 0.004:
            canvas.rect(at, box, style.BLUE, **{"fill-opacity": f"{share:.2f}"})
        if side < 40:
            continue
        words = fixed(float(value), digits) if known else "n/a"
        colour = style.ON_BLUE if share > DARK else style.INK
        canvas.text(
            at[0] + side / 2, at[1] + side / 2 + 4, words, size=11, fill=colour, anchor="middle"
        )
