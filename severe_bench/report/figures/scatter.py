"""How one column follows another: a point per model, a panel per column."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from severe_bench.report import style
from severe_bench.report.figures.axis import Scale, around
from severe_bench.report.figures.canvas import Canvas, short, width_of
from severe_bench.report.table import fixed

ACROSS = 3
SIDE = 190
LEFT, HEAD, FOOT, GAP = 52, 44, 44, 26


@dataclass(frozen=True)
class ScatterPanel:
    """One column against another.

    Args:
        title, x_title, y_title: what they are.
        points: model -> (x, y).
        tau, rho: rank correlations, for the second line of the title.
        y_down: less is better on y: the axis is turned, so that better is always up.
    """

    title: str
    x_title: str
    y_title: str
    points: dict[str, tuple[float, float]]
    tau: float
    rho: float
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
    across, up = Scale(*around(xs), left, left + SIDE), Scale(*around(ys), *ends)
    canvas.text(left, top - 26, short(panel.title, 30), size=12.5, bold=True)
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
    middle = left + SIDE / 2
    canvas.text(
        middle, foot + 30, short(panel.x_title, 36), size=11, fill=style.MUTED, anchor="middle"
    )
    better = f"{panel.y_title} (lower is better)" if panel.y_down else panel.y_title
    canvas.text(
        left - 38, top + SIDE / 2, short(better, 36), size=11, fill=style.MUTED,
        anchor="middle", turned=-90,
    )  # fmt: skip


def _points(canvas: Canvas, panel: ScatterPanel, across: Scale, up: Scale) -> None:
    taken: list[tuple[float, float, float]] = []
    for model, (x, y) in sorted(panel.points.items(), key=lambda pair: pair[1]):
        at = across(x), up(y)
        canvas.circle(at, 3.5, style.BLUE)
        name = short(model, 16)
        wide = width_of(name, 9.5)
        start = at[0] + 6 if at[0] + 6 + wide < across.stop + 26 else at[0] - 6 - wide
        foot = _free(taken, start, wide, at[1] + 3)
        if foot is not None:
            taken.append((start, wide, foot))
            canvas.text(start, foot, name, size=9.5)


def _free(
    taken: Sequence[tuple[float, float, float]], start: float, wide: float, foot: float
) -> float | None:
    """A height near `foot` at which a name covers no other; None where there is none."""
    for shift in (0, -9, 9):
        tried = foot + shift
        if all(abs(tried - y) >= 9 or start + wide < x or x + w < start for x, w, y in taken):
            return tried
    return None


def _known(value: float) -> str:
    return "undefined" if math.isnan(value) else fixed(value, 2)
