"""Ranks in the standard column on the left, in another experiment on the right."""

import math
from collections.abc import Sequence
from typing import Any

from severe_bench.analysis.sensitivity import Move, Sensitivity
from severe_bench.report import style
from severe_bench.report.figures.canvas import BOLD, Canvas, short, width_of

ROW, HEAD = 21, 46
MIDDLE = 130
LONGEST, HEADING = 20, 24
RANK = 24
"""Room for a rank beside its dot; apart from the name, so that names of either direction of writing
leave it where it is."""


def slope_plot(found: Sequence[Sensitivity]) -> Canvas:
    """A panel per experiment, two in a row."""
    across = min(2, max(1, len(found)))
    down = math.ceil(max(1, len(found)) / across)
    most = max((len(one.moves) for one in found), default=1)
    names = [short(move.model, LONGEST) for one in found for move in one.moves]
    heads = [short(name, HEADING) for one in found for name in (one.standard, one.experiment)]
    side = RANK + 22 + BOLD * max((width_of(name) for name in names), default=60)
    side = max([side, *(width_of(name, 11) + 6 for name in heads)])
    panel = 2 * side + MIDDLE
    canvas = Canvas(across * panel, down * (HEAD + ROW * most + 8))
    for i, one in enumerate(found):
        corner = (i % across) * panel, (i // across) * (HEAD + ROW * most + 8)
        _panel(canvas, one, corner, side)
    return canvas


def _panel(canvas: Canvas, one: Sensitivity, corner: tuple[float, float], side: float) -> None:
    x, top = corner
    left, right = x + side, x + side + MIDDLE
    for at, name, anchor in ((left, one.standard, "end"), (right, one.experiment, "start")):
        canvas.text(
            at,
            top + 24,
            short(name, HEADING),
            size=11,
            fill=style.MUTED,
            anchor=anchor,  # type: ignore[arg-type]
        )
    before = _places([(move.before, move) for move in one.moves])
    after = _places([(move.after, move) for move in one.moves])
    for move in sorted(one.moves, key=lambda move: move.separable):
        y, z = (top + HEAD + place[move.model] * ROW for place in (before, after))
        canvas.line((left, y), (right, z), _colour(move), **_line(move))
        for at, foot in ((left, y), (right, z)):
            canvas.circle((at, foot), 3, _colour(move))
        name = short(move.model, LONGEST)
        canvas.text(left - 8, y + 4, f"{move.before:.0f}", anchor="end")
        canvas.text(left - 8 - RANK, y + 4, name, anchor="end")
        canvas.text(right + 8, z + 4, f"{move.after:.0f}", bold=move.separable)
        canvas.text(right + 8 + RANK, z + 4, name, bold=move.separable)


def _places(ranked: Sequence[tuple[float, Move]]) -> dict[str, int]:
    """Where to draw each model: equal ranks are drawn below each other."""
    order = sorted(ranked, key=lambda pair: (pair[0], pair[1].before, pair[1].model))
    return {move.model: place for place, (_, move) in enumerate(order)}


def _colour(move: Move) -> str:
    if move.separable:
        return style.ORANGE if move.change > 0 else style.BLUE
    return style.MUTED


def _line(move: Move) -> dict[str, Any]:
    if move.separable:
        return {"width": 3, "cap": "round"}
    return {"width": 1.3, "dash": "5 3" if move.change else ""}
