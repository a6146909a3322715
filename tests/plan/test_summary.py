"""A plan by experiment and factor."""

from pathlib import Path

import pytest

from severe_bench.config.find import PACKAGED
from severe_bench.config.loading import load_config
from severe_bench.plan.build import plan_suite
from severe_bench.plan.expect import Expectations
from severe_bench.plan.prior import CORE, GPU, prior_seconds
from severe_bench.plan.summary import summarised
from tests.plan.fixtures import Study

OWN = """\
version: 1
datasets:
  mine: {adapter: manifest, root: mine}
  ucf: {adapter: ucf101, root: nowhere}
recipes:
  r: {clip: {frames: 16, size: 112}}
models:
  m: {backbone: r2plus1d_18}
experiments:
  mine: {factor: domain, dataset: mine, task: recognition, protocol: finetune, recipe: r}
  ucf: {factor: standard, dataset: ucf, task: recognition, protocol: finetune, recipe: r}
suites:
  s: {blocks: [{models: m, experiments: "*", seeds: [0]}]}
"""


def test_every_cell_is_in_one_experiment_and_one_factor() -> None:
    cells = plan_suite(load_config(PACKAGED, {}), "demo").cells
    labelled = sum(cell.label is not None for cell in cells)
    states = {cells[0].id: "done", cells[-1].id: "failed"}
    found = summarised(cells, states, {})
    for groups in (found.experiments, found.factors):
        assert sum(group.cells for group in groups) == labelled
    assert sum(group.cells for group in found.needed) == len(cells) - labelled
    assert sum(group.states.get("done", 0) for group in found.needed) == 1
    assert sum(group.states.get("failed", 0) for group in found.factors) == 1
    near = next(group for group in found.experiments if group.name == "near-linear")
    assert (near.presets, near.models, near.seeds, near.cells) == (1, 4, 3, 12)


def test_what_is_left_is_summed_by_the_plans_own_expectations(study: Study) -> None:
    cells = plan_suite(study(), "demo").cells
    labelled = [cell for cell in cells if cell.label]
    states = {labelled[0].id: "done"}
    found = summarised(cells, states, {})
    expect = Expectations()
    whole = sum(expect.seconds(cell) for cell in labelled[1:])
    assert sum(group.compute_seconds for group in found.factors) == pytest.approx(whole)


def test_rungs_and_sweeps_are_one_line() -> None:
    found = summarised(plan_suite(load_config(PACKAGED, {}), "samples").cells, {}, {})
    names = {group.name: group.experiments for group in found.experiments}
    assert names["ssv2-samples-*"] == 8
    assert names["ucf101-samples-*"] == 3
    assert names["ucf-1k"] == 1


def test_a_gpu_is_a_few_hundred_cores() -> None:
    """SEVERE's log: 8,259 batches of 30 clips of 32 x 112 x 112 take about 47 minutes."""
    cells = plan_suite(load_config(PACKAGED, {}), "severe").cells
    cell = next(c for c in cells if c.label and c.label.experiment == "ssv2")
    sizes = {"train": 1, "test": 24777}
    core, gpu = (prior_seconds(cell.job, "clips", sizes, machine) for machine in (CORE, GPU))
    assert gpu / 60 == pytest.approx(47, rel=0.1)
    assert 100 < core / gpu < 1000


def test_what_is_missing_is_said_once_with_its_cells() -> None:
    plan = plan_suite(load_config(PACKAGED, {}), "severe-full")
    assert len(plan.missing) == len({missing.what for missing in plan.missing}) == 27
    ucf101 = next(m for m in plan.missing if m.what.startswith("dataset ucf101:"))
    here = [c for c in plan.cells if c.label and c.label.dataset == "ucf101"]
    assert ucf101.cells == len(here) == 699


def test_cells_of_an_own_dataset_that_is_not_here_have_no_cost(tmp_path: Path) -> None:
    path = tmp_path / "benchmarks.yaml"
    path.write_text(OWN)
    cells = plan_suite(load_config(path), "s").cells
    states = {cell.id: "impossible" for cell in cells}
    mine, ucf = summarised(cells, states, {}).experiments
    assert (mine.compute_seconds, mine.gpu_seconds) == (0, 0)
    assert ucf.compute_seconds > 0
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/annotations.csv").write_text(
        "path,label,split\na.mp4,x,train\nb.mp4,x,test\n"
    )
    cells = plan_suite(load_config(path), "s").cells
    mine, _ = summarised(cells, dict.fromkeys(states, "impossible"), {}).experiments
    assert mine.compute_seconds > 0
