"""A configuration of many cells, all of them done, and `severe` called on it."""

import json
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

from severe_bench.cli.opening import open_suite
from severe_bench.plan.cell import Cell
from severe_bench.store.cells import output_files, write_cell, write_result
from severe_bench.store.layout import Layout
from severe_bench.store.result import Cost, MetricValue, Provenance, Result
from severe_bench.store.table import table_of, write_table

MODELS_AND_EXPERIMENTS = {100: (2, 5), 1000: (10, 10), 10_000: (20, 50)}
"""Each with ten seeds."""

YAML = """
version: 1
datasets:
  videos: {{adapter: manifest, root: {folder}}}
recipes:
  probe: {{}}
models:
{models}
experiments:
{experiments}
suites:
  grid:
    blocks:
      - {{models: ["*"], experiments: ["*"], seeds: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]}}
"""


def severe(command: str, config: Path) -> None:
    """As a whole process."""
    arguments = [command, "-c", str(config), "--results", str(config.parent / "r"), "--json"]
    found = subprocess.run(
        [sys.executable, "-m", "severe_bench.cli.main", *arguments],
        check=True, capture_output=True,
    )  # fmt: skip
    json.loads(found.stdout)


def study(folder: Path, size: int) -> Path:
    """A configuration of `size` cells, and a results folder in which all of them are done."""
    n_models, n_experiments = MODELS_AND_EXPERIMENTS[size]
    models = [
        f"  model{i}: {{backbone: r2plus1d_narrow, checkpoint: {i}.pt, provenance: {{kind: ssl}}}}"
        for i in range(n_models)
    ]
    experiments = [
        f"  experiment{i}: {{factor: standard, dataset: videos, task: recognition, "
        f"protocol: finetune, budget: {{count: {i + 1}}}, recipe: probe}}"
        for i in range(n_experiments)
    ]
    for i in range(n_models):
        (folder / f"{i}.pt").write_bytes(str(i).encode())
    (folder / "annotations.csv").write_text("path,label,split\na.mp4,a,train\nb.mp4,a,test\n")
    for name in ("a.mp4", "b.mp4"):
        (folder / name).touch()
    config = folder / "benchmarks.yaml"
    config.write_text(
        YAML.format(folder=folder, models="\n".join(models), experiments="\n".join(experiments))
    )
    opened = open_suite("grid", config, folder / "r")
    assert len(opened.whole.cells) == size, len(opened.whole.cells)
    with patch("severe_bench.core.atomic._fsync"):  # ten thousand fsyncs would take minutes
        for cell in opened.whole.cells:
            _finish(opened.layout, cell)
    write_table(opened.layout.table, table_of(opened.layout, opened.whole.cells))
    return config


def _finish(layout: Layout, cell: Cell) -> None:
    folder = layout.folder(cell)
    write_cell(folder, cell)
    provenance = Provenance(
        version="0", code="0", libraries={"torch": "2"}, python="3", host="h", device="cpu",
        platform="p", started="2026-01-01T00:00:00+00:00", finished="2026-01-01T00:00:00+00:00",
    )  # fmt: skip
    metric = MetricValue(
        name="top1", value=50.0, unit="%", higher_is_better=True, n=2, headline=True
    )
    result = Result(
        cell=cell.id, kind=cell.job.kind, label=cell.label, metrics=(metric,),
        cost=Cost(seconds=1.0, peak_memory_bytes=1), provenance=provenance,
        files=output_files(folder),
    )  # fmt: skip
    write_result(folder, result)
