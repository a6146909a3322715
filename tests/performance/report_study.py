"""Finished cells with predictions, in any number, and the time that a report of them takes."""

import tempfile
import time
from pathlib import Path
from unittest.mock import patch

from severe_bench.plan.cell import Cell
from severe_bench.report.build import build_report
from severe_bench.store.layout import Layout
from tests.analysis.builder import Trial, write_suite

VIDEOS = 600
SEEDS = range(10)
MODELS_AND_EXPERIMENTS = {100: (2, 5), 1000: (10, 10), 10_000: (20, 50)}
FACTORS = ("standard", "domain", "samples", "actions", "task")


def reported(size: int) -> tuple[float, float]:
    """Wall and processor seconds of a whole report: store read, statistics, page and figures."""
    with tempfile.TemporaryDirectory() as folder:
        cells = study(Path(folder), size)
        wall, busy = time.perf_counter(), time.process_time()
        build_report(Path(folder), "grid", (), cells)
        return time.perf_counter() - wall, time.process_time() - busy


def study(results: Path, size: int) -> list[Cell]:
    """A suite of `size` finished cells with predictions."""
    models, experiments = MODELS_AND_EXPERIMENTS[size]
    trials = [
        Trial(
            f"experiment-{i:02d}",
            FACTORS[0] if i < 2 else FACTORS[1 + i % 4],
            {f"model-{j:02d}": 0.3 + 0.02 * ((7 * i + j) % models) for j in range(models)},
            dataset=f"dataset-{i}",
            videos=VIDEOS,
            protocol="finetune",
        )
        for i in range(experiments)
    ]
    with patch("severe_bench.core.atomic._fsync"):  # ten thousand fsyncs would take minutes
        return write_suite(Layout(results, "grid"), trials, SEEDS)
