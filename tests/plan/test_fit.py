"""Budgets held against training sets before anything runs."""

from pathlib import Path

import pytest

from severe_bench.config.loading import load_config
from severe_bench.plan.build import Plan, plan_suite
from severe_bench.plan.parts import dataset_part

STUDY = """\
version: 1
datasets:
  near: {adapter: procedural, options: {world: near, train: 20, test: 20}}
  mine: {adapter: manifest, root: mine, allow_missing: true}
recipes:
  probe: {clip: {frames: 8, size: 48}}
models:
  none: {backbone: r2plus1d_narrow}
experiments:
  near: {factor: standard, dataset: near, task: recognition, protocol: linear,
         budget: {count: NEAR}, recipe: probe}
  mine: {factor: domain, dataset: mine, task: recognition, protocol: finetune,
         budget: {count: MINE}, recipe: probe}
suites:
  s: {blocks: [{models: none, experiments: "*", seeds: [0]}]}
"""
ROWS = "path,label,split\na.mp4,x,train\nb.mp4,y,train\nc.mp4,x,test\n"


def planned(folder: Path, near: int, mine: int, rows: str = ROWS) -> Plan:
    (folder / "mine").mkdir()
    (folder / "mine/annotations.csv").write_text(rows)
    path = folder / "benchmarks.yaml"
    path.write_text(STUDY.replace("NEAR", str(near)).replace("MINE", str(mine)))
    return plan_suite(load_config(path), "s")


def problems(plan: Plan) -> dict[str, str]:
    return {cell.title: cell.problem for cell in plan.cells if cell.problem}


def test_a_budget_of_the_whole_training_set_can_be_met(tmp_path: Path) -> None:
    assert problems(planned(tmp_path, near=20, mine=2)) == {}


@pytest.mark.parametrize(("near", "mine", "title"), [(21, 2, "near"), (20, 3, "mine")])
def test_a_larger_budget_is_a_problem_of_its_own_cell(
    near: int, mine: int, title: str, tmp_path: Path
) -> None:
    found = problems(planned(tmp_path, near, mine))
    asked, there = {"near": (21, 20), "mine": (3, 2)}[title]
    assert found == {
        f"none / {title} / seed 0": (
            f"the budget asks for {asked} videos but the training set of {title} has {there}; "
            f"use at most {there}, or no budget for the full training set"
        )
    }


def test_severes_rule_takes_what_there_is(tmp_path: Path) -> None:
    text = STUDY.replace("{count: NEAR}", "{count: 1000, rule: per_class_ceil}").replace(
        "MINE", "1"
    )
    (tmp_path / "benchmarks.yaml").write_text(text)
    found = problems(plan_suite(load_config(tmp_path / "benchmarks.yaml"), "s"))
    assert "none / near / seed 0" not in found


def test_a_mistake_in_the_manifest_is_known_to_the_plan(tmp_path: Path) -> None:
    found = problems(planned(tmp_path, 20, 2, ROWS.replace("y,train", "y,trian")))
    assert "annotations.csv:3: unknown split 'trian'" in found["none / mine / seed 0"]


def test_a_missing_root_is_said_once_unless_annotations_lie_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "benchmarks.yaml"
    path.write_text(STUDY.replace("NEAR", "1").replace("MINE", "1"))
    assert dataset_part(load_config(path), "mine").problem.count("no such folder") == 1
    path.write_text(path.read_text().replace("root: mine", "root: mine, annotations: notes"))
    assert dataset_part(load_config(path), "mine").problem.count("no such folder") == 2
