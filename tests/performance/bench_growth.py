"""How cost grows with cells, samples and features: a table of each, and one plot."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.performance import done_cells, report_study
from tests.performance.measure import Line, seconds

PLOT = Path("docs/performance.svg")
CELLS = (100, 1000, 10_000)
SIZES = {"samples": (1000, 10_000, 170_000), "features": (1000, 20_000, 240_000)}

Points = dict[int, dict[str, float]]


def bench() -> Iterator[Line]:
    """One line for each size."""
    curves = {"cells": {size: _cells(size) for size in CELLS}}
    for kind, sizes in SIZES.items():
        curves[kind] = {size: _in_a_process(kind, size) for size in sizes}
    for kind, points in curves.items():
        for size, steps in points.items():
            said = [_said(name, value) for name, value in steps.items()]
            yield Line(f"{size} {kind}", "; ".join(said))
    _draw(curves)


def _said(name: str, value: float) -> str:
    return f"{value:.0f} MiB held" if name == "MiB" else f"{name} {value:.2f} s"


def _cells(size: int) -> dict[str, float]:
    """Whole processes of `severe plan` and `severe status`; a report."""
    with tempfile.TemporaryDirectory() as folder:
        config = done_cells.study(Path(folder), size)
        found = {
            command: seconds(partial(done_cells.severe, command, config))
            for command in ("plan", "status")
        }
    wall, _ = report_study.reported(size)
    return {**found, "report": wall}


def _in_a_process(kind: str, size: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.performance.growth_work", kind, str(size), folder]
        reply = subprocess.run(command, check=True, capture_output=True, text=True)
    points: dict[str, float] = json.loads(reply.stdout)
    return points


def _draw(curves: dict[str, Points]) -> None:
    """Seconds by size, both logarithmic; the dotted line grows as the size does."""
    import matplotlib as mpl

    mpl.use("svg")
    mpl.rcParams["svg.hashsalt"] = "performance"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, len(curves), figsize=(10, 3.2), layout="constrained")
    for axis, (kind, points) in zip(axes, curves.items(), strict=True):
        sizes = list(points)
        for name in points[sizes[0]]:
            if name != "MiB":
                axis.loglog(sizes, [points[size][name] for size in sizes], "o-", label=name)
        top = max(points[sizes[-1]][name] for name in points[sizes[0]] if name != "MiB")
        ends = [sizes[0], sizes[-1]]
        axis.loglog(ends, [top * end / ends[-1] for end in ends], ":", color="grey")
        axis.set(xlabel=kind, ylabel="seconds")
        axis.legend(fontsize="small", frameon=False)
    PLOT.parent.mkdir(exist_ok=True)
    figure.savefig(PLOT, metadata={"Date": None})
    pyplot.close(figure)
