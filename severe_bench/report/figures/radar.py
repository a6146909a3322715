"""What several things are like, along the same few axes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from severe_bench.report import style
from severe_bench.report.figures.canvas import Anchor, Canvas, Point, short

ACROSS = 3
RADIUS = 78
WIDTH, HEIGHT = 392, 262
RINGS = (0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class Spoke:
    """One axis of one radar: its `place` in [0, 1] from the centre, None where it is not known.

    Args:
        name: of the axis.
        words: the value as readers see it.
        reference: where the dotted outline stands, None for nowhere.
    """

    name: str
    words: str
    place: float | None
    reference: float | None


@dataclass(frozen=True)
class Radar:
    """One thing: its title and its spokes, the same axes in the same order for all."""

    title: str
    spokes: tuple[Spoke, ...]


def radar_plot(radars: Sequence[Radar]) -> Canvas:
    """Radars in rows of three; the reference is dotted."""
    across = min(ACROSS, max(1, len(radars)))
    down = math.ceil(max(1, len(radars)) / across)
    canvas = Canvas(across * WIDTH, down * HEIGHT)
    for i, radar in enumerate(radars):
        _radar(canvas, radar, ((i % across + 0.5) * WIDTH, (i // across) * HEIGHT + 142))
    return canvas


def _radar(canvas: Canvas, radar: Radar, centre: Point) -> None:
    count = len(radar.spokes)
    canvas.text(
        centre[0], centre[1] - 122, short(radar.title, 30), size=13, bold=True, anchor="middle"
    )
    rings = [[_at(centre, i, count, ring) for i in range(count + 1)] for ring in RINGS]
    spokes = [(centre, _at(centre, i, count, 1.0)) for i in range(count)]
    canvas.path([*rings, *spokes], style.RULE)
    _dotted(canvas, _known(centre, [spoke.reference for spoke in radar.spokes]), count)
    _area(canvas, _known(centre, [spoke.place for spoke in radar.spokes]), centre, count)
    for i, spoke in enumerate(radar.spokes):
        _label(canvas, spoke, _at(centre, i, count, 1.14), centre)


def _known(centre: Point, places: Sequence[float | None]) -> list[Point]:
    return [_at(centre, i, len(places), p) for i, p in enumerate(places) if p is not None]


def _dotted(canvas: Canvas, known: Sequence[Point], count: int) -> None:
    """The reference: an outline where every place is known, else a ring on each spoke that is."""
    if len(known) == count:
        canvas.path([[*known, known[0]]], style.MUTED, width=1.4, dash="2 3")
        return
    for at in known:
        canvas.circle(at, 4.5, style.PAPER, stroke=style.MUTED, width=1.2, dash="2 2")


def _area(canvas: Canvas, known: Sequence[Point], centre: Point, count: int) -> None:
    """An area where every place is known, else a bar along each spoke that is."""
    if len(known) == count:
        canvas.polygon(known, style.BLUE, **{"fill-opacity": 0.22, "stroke": style.BLUE})
    else:
        canvas.path([(centre, at) for at in known], style.BLUE, width=2.4)
    for at in known:
        canvas.circle(at, 3, style.BLUE)


def _label(canvas: Canvas, spoke: Spoke, at: Point, centre: Point) -> None:
    x, y = at
    anchor: Anchor = "middle"
    top = y
    if abs(x - centre[0]) > 12:
        anchor = "start" if x > centre[0] else "end"
    elif y < centre[1]:
        top = y - 9  # the second line stays clear of the spoke's end
    canvas.text(x, top, spoke.name, size=10.5, fill=style.MUTED, anchor=anchor)
    canvas.text(x, top + 12, short(spoke.words, 18), size=10.5, anchor=anchor)


def _at(centre: Point, i: int, count: int, share: float) -> Point:
    angle = 2 * math.pi * i / count - math.pi / 2
    return centre[0] + RADIUS * share * math.cos(angle), centre[1] + RADIUS * share * math.sin(
        angle
    )
