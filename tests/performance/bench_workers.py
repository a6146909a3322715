"""Small cells on a worker that stays against a process for each."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from unittest.mock import patch

from severe_bench.run.devices import ONE_THREAD, Lane
from severe_bench.run.local import run_cells
from severe_bench.run.pool import Settings
from severe_bench.store.layout import Layout
from tests.performance.measure import Line, Ratio, seconds
from tests.performance.small_cells import RUNNERS, SPENT
from tests.run.grids import evaluate

CELLS, FEW = 108, 12
ALONE = 5
"""Processes of one cell that are measured; the rest is their median times."""


def bench() -> Iterator[Line]:
    """One lane on both sides."""
    with tempfile.TemporaryDirectory() as folder:
        spent = Path(folder) / "spent"
        with patch.dict(os.environ, {SPENT: str(spent), **ONE_THREAD}):
            alone = [seconds(partial(_alone, Path(folder), seed)) for seed in range(ALONE)]
            spent.unlink()
            few, few_own = _together(Path(folder) / "few", FEW, spent)
            many, many_own = _together(Path(folder) / "many", CELLS, spent)
    ratios = sorted(CELLS * one / many for one in alone)
    ratio = Ratio(statistics.median(ratios), ratios[0], ratios[-1])
    each = statistics.median(alone)
    yield Line(
        f"{CELLS} small cells: a process each / a worker that stays",
        f"{ratio}; {CELLS * each:.0f} s (median of {ALONE} x {CELLS}) / {many:.1f} s",
        headline=True,
    )
    rest = (many - few) - (many_own - few_own)
    yield Line(
        "of which ours: per cell, beside the cell's own computing",
        f"{1e3 * rest / (CELLS - FEW):.1f} ms ({CELLS} cells less {FEW})",
    )


def _alone(folder: Path, seed: int) -> None:
    command = [sys.executable, "-m", "tests.performance.small_cells", str(folder), str(seed)]
    subprocess.run(command, check=True, capture_output=True)


def _together(folder: Path, count: int, spent: Path) -> tuple[float, float]:
    """Seconds that a run took, and of them in the cells' own computing."""
    settings = Settings((Lane("cpu 0", "cpu", ONE_THREAD),), runners=RUNNERS)
    cells = [evaluate(seed) for seed in range(count)]
    took = seconds(lambda: run_cells(Layout(folder, "demo"), cells, settings, lambda _: None))
    own = [json.loads(line) for line in spent.read_text().splitlines()]
    spent.unlink()
    assert len(own) == count, len(own)
    return took, sum(own)
