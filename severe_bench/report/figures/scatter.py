"""How one column follows another: a point per model, a panel per column."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from severe_bench.report import style
from severe_bench.report.figures.axis import Scale, around
from severe_bench.report.figures.canvas import Canvas, short, width_of
from severe_bench.report.table import fixed

ACROSS = 3
SIDE = 236
LEFT, HEAD, FOOT, GAP = 64, 44, 46, 28
NAME = 9.5
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class ScatterPanel:
    """One column against another.

    Args:
        title, x_title, y_title: what they are.
        points: model -> (x, y).
        tau, rho: rank correlations, for the second line of the title.
        x_down, y_down: less is better: the axis is turned, so that better is always right and up.
    """

    title: str
    x_title: str
    y_title: str
    points: dict[str, tuple[float, float]]
    tau: float
    rho: float
    x_down: bool = False
    y_down: bool = False


def scatter_plot(panels: Sequence[ScatterPanel]) -> Canvas:
    """Panels in rows of three; every point carries its model's name where there is room."""
    across = min(ACROSS, max(1, len(panels)))
    down = math.ceil(max(1, len(panels)) / across)
    width, height = LEFT + SIDE + GAP, HEAD + SIDE + FOOT
    canvas = Canvas(across * width + 30, down * height)
    for i, panel in enumerate(panels):
        _panel(canvas, panel, ((i % across) * width + LEFT, (i // across) * height + HEAD))
    return canvas


def _panel(canvas: Canvas, panel: ScatterPanel, corner: tuple[float, float]) -> None:
    left, top = corner
    xs, ys = zip(*panel.points.values(), strict=True) if panel.points else ((), ())
    ends = (top, top + SIDE) if panel.y_down else (top + SIDE, top)
    sides = (left + SIDE, left) if panel.x_down else (left, left + SIDE)
    across, up = Scale(*around(xs), *sides), Scale(*around(ys), *ends)
    canvas.text(left, top - 26, short(panel.title, 36), size=12.5, bold=True)
    agreement = f"τ‑b {_known(panel.tau)}, ρ {_known(panel.rho)}"
    canvas.text(left, top - 10, agreement, size=11, fill=style.MUTED)
    _axes(canvas, panel, across, up, corner)
    _points(canvas, panel, across, up)


def _axes(
    canvas: Canvas, panel: ScatterPanel, across: Scale, up: Scale, corner: tuple[float, float]
) -> None:
    left, top = corner
    foot = top + SIDE
    grid = [((across(v), top), (across(v), foot)) for v, _ in across.ticks()]
    grid += [((left, up(v)), (left + SIDE, up(v))) for v, _ in up.ticks()]
    canvas.path(grid, style.RULE)
    for value, words in across.ticks():
        canvas.text(across(value), foot + 14, words, size=10.5, fill=style.MUTED, anchor="middle")
    for value, words in up.ticks():
        canvas.text(left - 6, up(value) + 4, words, size=10.5, fill=style.MUTED, anchor="end")
    below, beside = (
        _axis_title(panel.x_title, panel.x_down),
        _axis_title(panel.y_title, panel.y_down),
    )
    canvas.text(left + SIDE / 2, foot + 30, below, size=11, fill=style.MUTED, anchor="middle")
    canvas.text(
        left - 50, top + SIDE / 2, beside, size=11, fill=style.MUTED, anchor="middle", turned=-90
    )


def _axis_title(title: str, down: bool) -> str:
    return f"{short(title, 20)} (lower is better)" if down else short(title, 36)


def _points(canvas: Canvas, panel: ScatterPanel, across: Scale, up: Scale) -> None:
    at = {model: (across(x), up(y)) for model, (x, y) in panel.points.items()}
    for centre in at.values():
        canvas.circle(centre, 3.5, style.BLUE)
    taken = [(x - 4, y - 4, x + 4, y + 4) for x, y in at.values()]
    left, right = sorted((across.start, across.stop))
    frame = (left - 8, min(up.start, up.stop) - 14, right + 24, 1e9)
    for model, centre in sorted(at.items(), key=lambda pair: pair[1]):
        name = short(model, 18)
        box = min(_places(centre, width_of(name, NAME)), key=lambda b: _cost(b, taken, frame))
        taken.append(box)
        canvas.text(box[0], box[3] - 2, name, size=NAME)


def _places(centre: tuple[float, float], wide: float) -> list[Box]:
    """Where a name can stand around its point, best first."""
    x, y = centre
    starts = [(x + 6, y - 5), (x - 6 - wide, y - 5)]
    starts += [(x - wide / 2, y - 16), (x - wide / 2, y + 6)]
    starts += [(x + 4, y - 14), (x + 4, y + 4), (x - 4 - wide, y - 14), (x - 4 - wide, y + 4)]
    starts += [(x - wide / 2, y - 26), (x - wide / 2, y + 16)]
    return [(left, top, left + wide, top + 10) for left, top in starts]


def _cost(box: Box, taken: Sequence[Box], frame: Box) -> float:
    """How much of it is covered by others or leaves the panel; the first of equal ones is taken."""
    outside = max(0, frame[0] - box[0]) + max(0, box[2] - frame[2]) + max(0, frame[1] - box[1])
    return sum(_overlap(box, other) for other in taken) + 20 * outside


def _overlap(a: Box, b: Box) -> float:
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return wide * high if wide > 0 and high > 0 else 0.0


def _known(value: float) -> str:
    return "undefined" if math.isnan(value) else fixed(value, 2)
