"""How long a report takes for 100 and for 10,000 cells, all done, with predictions."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

from severe_bench.plan.cell import Cell
from severe_bench.report.build import build_report
from severe_bench.store.layout import Layout
from tests.analysis.builder import Trial, write_suite
from tests.performance.measure import Line

VIDEOS = 600
SEEDS = range(10)
MODELS_AND_EXPERIMENTS = {100: (2, 5), 10_000: (20, 50)}
FACTORS = ("standard", "domain", "samples", "actions", "task")


def bench() -> Iterator[Line]:
    """A whole report at both sizes: the store read, statistics, page, tables and figures."""
    took: dict[int, float] = {}
    for size in MODELS_AND_EXPERIMENTS:
        with tempfile.TemporaryDirectory() as folder:
            cells = study(Path(folder), size)
            wall, busy = time.perf_counter(), time.process_time()
            build_report(Path(folder), "grid", (), cells)
            took[size] = time.process_time() - busy
            wall = time.perf_counter() - wall
        figures = f"{wall:.1f} s, of them {took[size]:.1f} s on a processor"
        yield Line(f"report of {size} cells, {VIDEOS} test videos each", figures)
    growth = took[10_000] / took[100]
    yield Line("report: 100 times the cells", f"{growth:.1f}x the processor time")


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


if __name__ == "__main__":
    for line in bench():
        print(line)
