"""How a number grows with another: labelled samples, frames."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from severe_bench.report import style
from severe_bench.report.figures.axis import Scale, around
from severe_bench.report.figures.canvas import Canvas, short, width_of

ACROSS = 2
WIDTH, HEIGHT = 300, 220
LEFT, HEAD, FOOT, GAP = 54, 34, 44, 20
DASHES = ("", "6 3", "2 3")
LONGEST = 20
LINE = 12
"""Height of a curve's name."""


@dataclass(frozen=True)
class CurvePanel:
    """Curves over one shared quantity.

    Args:
        title, x_title, y_title: what they are.
        curves: name -> points (x > 0, y), x ascending.
        y_down: less is better: the axis is turned, so that better is always up.
    """

    title: str
    x_title: str
    y_title: str
    curves: Mapping[str, tuple[tuple[float, float], ...]]
    y_down: bool = False


@dataclass(frozen=True)
class Frame:
    """Where a panel's axes lie."""

    left: float
    top: float
    height: float

    @property
    def foot(self) -> float:
        """The lower end."""
        return self.top + self.height


def curve_plot(panels: Sequence[CurvePanel]) -> Canvas:
    """Panels in rows of two, x in steps of doubling; names stand at the ends of the curves."""
    across = min(ACROSS, max(1, len(panels)))
    down = math.ceil(max(1, len(panels)) / across)
    names = list(dict.fromkeys(name for panel in panels for name in panel.curves))
    right = 20 + max((width_of(short(n, LONGEST), 11) for n in names), default=0)
    tall = max([HEIGHT, *(LINE * len(panel.curves) for panel in panels)])
    width, height = LEFT + WIDTH + right + GAP, HEAD + tall + FOOT
    canvas = Canvas(across * width, down * height)
    for i, panel in enumerate(panels):
        frame = Frame((i % across) * width + LEFT, (i // across) * height + HEAD, tall)
        _panel(canvas, panel, names, frame)
    return canvas


def _panel(canvas: Canvas, panel: CurvePanel, names: Sequence[str], frame: Frame) -> None:
    left = frame.left
    points = [point for curve in panel.curves.values() for point in curve]
    xs = sorted({x for x, _ in points})
    across = Scale(*around([math.log2(x) for x in xs], 0.03), left, left + WIDTH)
    ends = (frame.top, frame.foot) if panel.y_down else (frame.foot, frame.top)
    up = Scale(*around([y for _, y in points], 0.05), *ends)
    _axes(canvas, panel, (across, up, xs), frame)
    drawn = {}
    for name, curve in panel.curves.items():
        look = names.index(name)
        colour = style.SERIES[look % len(style.SERIES)]
        pixels = [(across(math.log2(x)), up(y)) for x, y in curve]
        dash = DASHES[look // len(style.SERIES) % len(DASHES)]
        canvas.path([pixels], colour, width=1.8, dash=dash)
        for pixel in pixels:
            canvas.circle(pixel, 2.8, colour)
        drawn[name] = pixels[-1], colour
    _labels(canvas, drawn, left + WIDTH + 10, frame)


def _axes(
    canvas: Canvas,
    panel: CurvePanel,
    scales: tuple[Scale, Scale, Sequence[float]],
    frame: Frame,
) -> None:
    (left, top, foot), (across, up, xs) = (frame.left, frame.top, frame.foot), scales
    canvas.text(left, top - 14, short(panel.title, 44), size=12.5, bold=True)
    canvas.path([((left, up(v)), (left + WIDTH, up(v))) for v, _ in up.ticks()], style.RULE)
    for value, words in up.ticks():
        canvas.text(left - 6, up(value) + 4, words, size=10.5, fill=style.MUTED, anchor="end")
    last = -math.inf
    for x in xs:
        at = across(math.log2(x))
        words = f"{x:g}"
        if at - last > width_of(words, 10.5) + 6:
            canvas.text(at, foot + 15, words, size=10.5, fill=style.MUTED, anchor="middle")
            last = at
    canvas.text(
        left + WIDTH / 2, foot + 32, panel.x_title, size=11, fill=style.MUTED, anchor="middle"
    )
    better = f"{panel.y_title} (lower is better)" if panel.y_down else panel.y_title
    canvas.text(
        left - 40,
        top + frame.height / 2,
        better,
        size=11,
        fill=style.MUTED,
        anchor="middle",
        turned=-90,
    )


def _labels(
    canvas: Canvas, drawn: dict[str, tuple[tuple[float, float], str]], left: float, frame: Frame
) -> None:
    """Names beside the ends, moved apart where ends are close, with a thin line to their end."""
    order = sorted(drawn, key=lambda name: drawn[name][0][1])
    places = apart([drawn[name][0][1] for name in order], frame.foot - LINE / 2)
    for name, place in zip(order, places, strict=True):
        (x, y), colour = drawn[name]
        canvas.line((x + 4, y), (left + 4, place), colour, width=0.6)
        canvas.text(left + 7, place + 4, short(name, LONGEST), size=11)


def apart(wanted: Sequence[float], lowest: float) -> list[float]:
    """Ascending places moved so far that `LINE` lies between two, none beyond the lowest.

    Example:
        >>> apart([10.0, 12.0, 60.0, 60.0], 60.0)
        [10.0, 22.0, 48.0, 60.0]
    """
    places: list[float] = []
    for place in wanted:
        places.append(max(place, places[-1] + LINE) if places else place)
    for i, room in enumerate(reversed(range(len(places)))):
        places[room] = min(places[room], lowest - LINE * i)
    return places
