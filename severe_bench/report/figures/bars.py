"""Differences of classes as bars to either side."""

from collections.abc import Sequence

from severe_bench.report import style
from severe_bench.report.figures.axis import Scale
from severe_bench.report.figures.canvas import Canvas, short, width_of
from severe_bench.report.table import signed

ROW = 19
HALF = 190
LONGEST = 30
VALUE = 44
"""Room for the number of the longest bar to the left."""


def difference_bars(
    values: Sequence[tuple[str, float]], left_words: str, right_words: str
) -> Canvas:
    """A row per class, its bar to the right where the difference is positive.

    Args:
        values: class and difference, in the order to be drawn.
        left_words: what bars to the left mean.
        right_words: what bars to the right mean.
    """
    most = max((abs(value) for _, value in values), default=1.0) or 1.0
    left = 14 + max((width_of(short(name, LONGEST), 11) for name, _ in values), default=0)
    middle = left + HALF + VALUE
    scale = Scale(-most, most, middle - HALF, middle + HALF)
    canvas = Canvas(middle + HALF + VALUE + 14, 34 + ROW * len(values) + 8)
    canvas.text(middle - 10, 18, f"← {left_words}", size=11, fill=style.MUTED, anchor="end")
    canvas.text(middle + 10, 18, f"{right_words} →", size=11, fill=style.MUTED)
    for i, (name, value) in enumerate(values):
        y = 32 + i * ROW
        start, stop = sorted((scale(0), scale(value)))
        colour = style.BLUE if value > 0 else style.ORANGE
        canvas.rect((start, y), (max(stop - start, 0.5), ROW - 5), colour)
        canvas.text(left - 8, y + 11, short(name, LONGEST), size=11, anchor="end")
        right = value >= 0
        canvas.text(
            stop + 5 if right else start - 5, y + 11, signed(value), size=10.5,
            anchor="start" if right else "end",
        )  # fmt: skip
    canvas.line((middle, 26), (middle, 30 + ROW * len(values)), style.INK)
    return canvas
