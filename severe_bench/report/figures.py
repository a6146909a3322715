"""The figures of a report, each with the data it shows."""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from severe_bench.analysis.findings import Findings
from severe_bench.analysis.ranking import Column
from severe_bench.analysis.sensitivity import Move, Sensitivity
from severe_bench.analysis.study import Study
from severe_bench.report import style
from severe_bench.report.table import Table, fixed
from severe_bench.report.tables.common import in_order
from severe_bench.report.tables.factors import moves
from severe_bench.report.tables.scores import long
from severe_bench.report.tables.work import similarity

PANELS = 4
LONGEST = 22
"""Names longer than this are cut in figures; tables hold them whole."""


@dataclass(frozen=True)
class Drawn:
    """A figure as files: `png` and `svg`, the table `data` that it shows, and it in words."""

    name: str
    title: str
    caption: str
    alternative: str
    png: bytes
    svg: str
    data: Table


def ranking_dots(study: Study) -> Drawn:
    """A panel per experiment: mean over seeds, 95 % interval over test videos, single seeds."""
    models, columns = in_order(study), list(study.columns.values())
    rows, across = math.ceil(len(columns) / PANELS), min(PANELS, len(columns))
    with mpl.rc_context(style.SETTINGS):
        size = (1.6 + 2.0 * across, rows * (0.75 + 0.24 * len(models)))
        figure, axes = _panels(rows, across, size, sharey=True)
        for axis, column in zip(axes, columns, strict=False):
            _dots(axis, study, column, models)
        axes[0].set_ylim(len(models) - 0.4, -0.6)
        _hide(axes[len(columns) :])
        return _drawn(
            figure,
            "ranking",
            "Every model in every experiment",
            "Dot: mean over seeds, filled for the best. Bar: 95 % interval over test videos. "
            "Strokes: single seeds.",
            f"Dot plot of {len(models)} models in {len(columns)} experiments with 95 per cent "
            "intervals; the same numbers stand in the table below.",
            long(study),
        )


def rank_slopes(factor: str, found: Sequence[Sensitivity]) -> Drawn:
    """A panel per experiment: rank in the standard column on the left, here on the right."""
    shown = [one for one in found if one.moves]
    most = max((len(one.moves) for one in shown), default=1)
    rows, across = math.ceil(max(1, len(shown)) / 2), min(2, max(1, len(shown)))
    with mpl.rc_context(style.SETTINGS):
        figure, axes = _panels(rows, across, (4.6 * across, rows * (0.7 + 0.26 * most)))
        for axis, one in zip(axes, shown, strict=False):
            _slopes(axis, one)
        _hide(axes[len(shown) :])
        return _drawn(
            figure,
            f"ranks_{factor}",
            f"Ranks from the standard column to {factor}",
            "Bold lines: the rank changes beyond chance (blue rises, orange falls). Dashed: it "
            "changes, but not separably from chance.",
            " ".join(_slope_words(one) for one in shown) or "No model is in both columns.",
            moves(factor, found),
        )


def cka_map(findings: Findings) -> Drawn | None:
    """Heat map of debiased linear CKA; None without features."""
    found = findings.similarity
    if found is None:
        return None
    count = len(found.models)
    with mpl.rc_context(style.SETTINGS):
        side = 0.9 + 0.52 * count
        figure, axes = _panels(1, 1, (side + 1.6, side + 0.5))
        mesh = axes[0].pcolormesh(
            np.ma.masked_invalid(found.values), cmap="Blues", vmin=0, vmax=1, edgecolor=style.PAPER
        )
        _label_map(axes[0], found.models)
        _annotate(axes[0], found.values)
        bar = figure.colorbar(mesh, ax=axes[0], shrink=0.8, pad=0.03, ticks=[0, 0.5, 1])
        bar.outline.set_visible(False)
        if bar.solids is not None:  # vectors in the SVG, not an image
            bar.solids.set(rasterized=False, edgecolor="face")
        return _drawn(
            figure,
            "cka",
            "Similarity of features",
            "Debiased linear CKA; 1 is the same up to rotation and scale, 0 is unrelated.",
            f"Heat map of the similarity of {count} models over {found.n} test videos; the same "
            "numbers stand in the table below.",
            similarity(findings),
        )


def _panels(
    rows: int, across: int, size: tuple[float, float], sharey: bool = False
) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=size, layout="constrained")
    FigureCanvasAgg(figure)
    grid: Any = figure.subplots(max(1, rows), max(1, across), squeeze=False, sharey=sharey)
    return figure, list(grid.ravel())


def _hide(axes: Sequence[Axes]) -> None:
    for axis in axes:
        axis.set_visible(False)


def _dots(axis: Axes, study: Study, column: Column, models: Sequence[str]) -> None:
    axis.set_title(_short(column.experiment, 26))
    axis.set_yticks(range(len(models)), [_short(model) for model in models])
    axis.grid(axis="x", color=style.RULE, linewidth=0.6)
    axis.set_axisbelow(True)
    axis.spines["left"].set_visible(False)
    metric = column.metric
    better = "" if metric.higher_is_better else ", lower is better"
    axis.set_xlabel(f"{metric.name} {metric.unit}".strip() + better, fontsize=8)
    for y, model in enumerate(models):
        _dot(axis, study, column, model, y)
    axis.margins(x=0.12)


def _dot(axis: Axes, study: Study, column: Column, model: str, y: int) -> None:
    summary = study.summaries.get((column.experiment, model))
    if summary is None:
        axis.text(0.5, y, "missing", transform=axis.get_yaxis_transform(), **_SMALL)
        return
    if summary.interval is not None:
        bounds = [summary.interval.low, summary.interval.high]
        axis.plot(bounds, [y, y], color=style.BLUE, linewidth=2.2, alpha=0.45)
    seeds = study.seed_values(column.experiment, model)
    axis.plot(seeds, [y] * len(seeds), "|", color=style.MUTED, markersize=7, markeredgewidth=0.8)
    filled = style.BLUE if summary.rank == 1 else style.PAPER
    axis.plot(summary.seeds.mean, y, "o", color=style.BLUE, markerfacecolor=filled, markersize=5.5)


_SMALL: dict[str, Any] = {"color": style.MUTED, "fontsize": 7.5, "ha": "center", "va": "center"}


def _slopes(axis: Axes, one: Sensitivity) -> None:
    left = _places([(move.before, move) for move in one.moves])
    right = _places([(move.after, move) for move in one.moves])
    for move in one.moves:
        ends = [left[move.model], right[move.model]]
        axis.plot([0, 1], ends, **_line(move), solid_capstyle="round")
        axis.plot([0, 1], ends, "o", color=_colour(move), markersize=4.5)
        name = _short(move.model, 18)
        bold = "bold" if move.separable else "normal"
        axis.text(-0.06, ends[0], f"{name}  {move.before:.0f}", ha="right", va="center")
        axis.text(
            1.06, ends[1], f"{move.after:.0f}  {name}", ha="left", va="center", fontweight=bold
        )
    axis.set_xlim(-1.0, 2.0)
    axis.set_ylim(len(one.moves) - 0.4, -1.3)
    axis.text(-0.06, -0.85, _short(one.standard, 20), ha="right", color=style.MUTED)
    axis.text(1.06, -0.85, _short(one.experiment, 20), ha="left", color=style.MUTED)
    axis.axis("off")


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
        return {"color": _colour(move), "linewidth": 2.4}
    dashes = (0, (4, 2)) if move.change else "solid"
    return {"color": style.MUTED, "linewidth": 1.1, "linestyle": dashes}


def _slope_words(one: Sensitivity) -> str:
    ranks = ", ".join(f"{m.model} {m.before:.0f} to {m.after:.0f}" for m in one.moves)
    return f"From {one.standard} to {one.experiment}: {ranks}."


def _label_map(axis: Axes, models: Sequence[str]) -> None:
    names = [_short(model) for model in models]
    centres = np.arange(len(models)) + 0.5
    axis.set_yticks(centres, names)
    axis.set_xticks(centres, names, rotation=35, ha="right", color=style.INK)
    axis.invert_yaxis()
    axis.set_aspect("equal")
    for spine in axis.spines.values():
        spine.set_visible(False)


def _annotate(axis: Axes, values: "np.typing.NDArray[np.float64]") -> None:
    size = 8.0 if len(values) <= 12 else 5.5
    for (i, j), value in np.ndenumerate(values):
        text, colour = ("n/a", style.MUTED)
        if not math.isnan(value):
            text, colour = fixed(float(value), 2), "#fefefe" if value > 0.55 else "#0b0b0c"
        axis.text(j + 0.5, i + 0.5, text, ha="center", va="center", color=colour, fontsize=size)


def _short(name: str, longest: int = LONGEST) -> str:
    return name if len(name) <= longest else name[: longest - 1] + "…"


def _drawn(
    figure: Figure, name: str, title: str, caption: str, alternative: str, data: Table
) -> Drawn:
    png, svg = io.BytesIO(), io.StringIO()
    figure.savefig(png, format="png", dpi=200, metadata={"Software": None})
    with mpl.rc_context({"svg.hashsalt": name}):
        figure.savefig(svg, format="svg", metadata={"Date": None})
    return Drawn(name, title, caption, alternative, png.getvalue(), svg.getvalue(), data)
