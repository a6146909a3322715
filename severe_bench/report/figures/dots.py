"""Every model in every experiment: a panel per experiment, a row per model."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from severe_bench.report import style
from severe_bench.report.figures.axis import Scale, around
from severe_bench.report.figures.canvas import Canvas, short, width_of

PANELS = 4
ROW = 20
PANEL = 190
HEAD, FOOT, GAP = 26, 38, 18
LONGEST, TITLE = 22, 25


@dataclass(frozen=True)
class Dot:
    """One model in one experiment, in the metric's unit.

    Args:
        low, high: ends of the bar, None without an interval.
        seeds: single runs, drawn as strokes.
        best: filled.
    """

    value: float
    low: float | None
    high: float | None
    seeds: tuple[float, ...]
    best: bool


@dataclass(frozen=True)
class DotPanel:
    """One experiment: `dots` by model; models without one are shown as missing."""

    title: str
    unit: str
    dots: dict[str, Dot]


def dot_plot(panels: Sequence[DotPanel], models: Sequence[str]) -> Canvas:
    """Panels in rows of four; names stand at the left of each row."""
    across = min(PANELS, max(1, len(panels)))
    down = math.ceil(max(1, len(panels)) / across)
    left = 12 + max((width_of(short(m, LONGEST)) for m in models), default=0)
    height = HEAD + ROW * len(models) + FOOT
    canvas = Canvas(left + across * (PANEL + GAP), down * height)
    for i, panel in enumerate(panels):
        corner = left + (i % across) * (PANEL + GAP), (i // across) * height
        if i % across == 0:
            _names(canvas, models, left, corner[1])
        _panel(canvas, panel, models, corner)
    return canvas


def _names(canvas: Canvas, models: Sequence[str], left: float, top: float) -> None:
    for i, model in enumerate(models):
        y = top + HEAD + (i + 0.5) * ROW + 4
        canvas.text(left - 8, y, short(model, LONGEST), anchor="end")


def _panel(
    canvas: Canvas, panel: DotPanel, models: Sequence[str], corner: tuple[float, float]
) -> None:
    x, top = corner
    bottom = top + HEAD + ROW * len(models)
    values = [v for dot in panel.dots.values() for v in _extent(dot)]
    scale = Scale(*around(values), x + 6, x + PANEL - 6)
    canvas.text(x, top + 16, short(panel.title, TITLE), size=12.5, bold=True)
    ticks = scale.ticks(3)
    canvas.path([((scale(v), top + HEAD), (scale(v), bottom)) for v, _ in ticks], style.RULE)
    for value, label in ticks:
        canvas.text(scale(value), bottom + 13, label, size=10.5, fill=style.MUTED, anchor="middle")
    canvas.text(
        x + PANEL / 2, bottom + 27, short(panel.unit, 34), size=10.5, fill=style.MUTED,
        anchor="middle",
    )  # fmt: skip
    rows = {model: top + HEAD + (i + 0.5) * ROW for i, model in enumerate(models)}
    _marks(canvas, panel, rows, scale)
    for model in models:
        if model not in panel.dots:
            y = rows[model] + 4
            canvas.text(x + PANEL / 2, y, "missing", size=10, fill=style.MUTED, anchor="middle")


def _marks(canvas: Canvas, panel: DotPanel, rows: dict[str, float], scale: Scale) -> None:
    dots = [(rows[model], dot) for model, dot in panel.dots.items() if model in rows]
    bars = [
        ((scale(dot.low), y), (scale(dot.high), y))
        for y, dot in dots
        if dot.low is not None and dot.high is not None
    ]
    canvas.path(bars, style.BLUE, width=3, opacity=0.45)
    strokes = [((scale(s), y - 5), (scale(s), y + 5)) for y, dot in dots for s in dot.seeds]
    canvas.path(strokes, style.MUTED, width=1)
    for y, dot in dots:
        fill = style.BLUE if dot.best else style.PAPER
        canvas.circle((scale(dot.value), y), 4, fill, stroke=style.BLUE, width=1.3)


def _extent(dot: Dot) -> list[float]:
    return [dot.value, *dot.seeds, *(v for v in (dot.low, dot.high) if v is not None)]
