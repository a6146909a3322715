"""Suites of the study on the stand-ins: planned, every cell run in this process, measured."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path

import torch

from severe_bench.config.loading import load_config
from severe_bench.config.schema import Config
from severe_bench.models.network import init_backbone
from severe_bench.plan.build import plan_suite
from severe_bench.plan.cell import Cell
from severe_bench.plan.grid import Filters
from severe_bench.run.cell import How, run_cell
from severe_bench.store.cells import check
from severe_bench.store.layout import Layout
from severe_bench.store.result import Result

SHRINK = Path(__file__).parent / "shrink.yaml"
NARROW = Path(__file__).parent / "narrow.yaml"
FILES = ("checkpoint_0199.pth.tar", "r2plus1d_18-91a641e6.pth")


def write_checkpoints(folder: Path) -> None:
    """Tiny ones under the released names."""
    folder.mkdir(parents=True)
    for number, name in enumerate(FILES):
        state = init_backbone("r2plus1d_narrow", {}, number + 1).state_dict()
        torch.save(state, folder / name)


def shrunken(environ: Mapping[str, str], path: Path = NARROW) -> Config:
    return load_config(path, environ)


def results_of(
    config: Config, suite: str, layout: Layout, filters: Filters
) -> dict[tuple[str, str, str], Result]:
    """Result of each evaluated cell by model, experiment and preset; every cell must end well."""
    cells = plan_suite(config, suite, filters).cells
    problems = {cell.problem for cell in cells if cell.problem}
    assert not problems, problems
    return {key: result for cell in cells for key, result in _ran(layout, cell)}


def _ran(layout: Layout, cell: Cell) -> Iterator[tuple[tuple[str, str, str], Result]]:
    ended = run_cell(layout, cell, How(), lambda: False, lambda _: None)
    assert ended.state == "done", f"{cell.title}: {ended.message}"
    result = check(layout.folder(cell))
    assert result is not None
    if cell.label is not None:
        yield (cell.label.model, cell.label.experiment, cell.label.preset), result


def assert_measured(result: Result) -> None:
    """Numbers within the range of their metric, one of them the headline."""
    assert result.label is not None
    assert result.label.headline in {metric.name for metric in result.metrics}
    for metric in result.metrics:
        assert math.isfinite(metric.value), metric
        assert metric.n > 0
        if metric.unit == "%":
            assert 0 <= metric.value <= 100
