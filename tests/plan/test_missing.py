"""A dataset read without some of its videos is another dataset, and the plan says so."""

import os
from pathlib import Path

import pytest

from severe_bench.config.loading import load_config
from severe_bench.plan.build import Plan, plan_suite
from severe_bench.store.demand import impossible

STUDY = """\
version: 1
datasets:
  mine: {adapter: manifest, root: mine, allow_missing: ALLOWED}
recipes:
  probe: {clip: {frames: 8, size: 48}}
models:
  none: {backbone: r2plus1d_narrow}
experiments:
  mine: {factor: domain, dataset: mine, task: recognition, protocol: PROTOCOL, recipe: probe}
suites:
  s: {blocks: [{models: none, experiments: "*", seeds: [0]}]}
"""
ROWS = "path,label,split\na.mp4,x,train\nb.mp4,y,train\nc.mp4,x,test\n"


@pytest.fixture(autouse=True)
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/annotations.csv").write_text(ROWS)
    for name in "abc":
        (tmp_path / f"mine/{name}.mp4").write_bytes(b"video")


def planned(folder: Path, allowed: str = "true", protocol: str = "finetune") -> Plan:
    path = folder / "benchmarks.yaml"
    path.write_text(STUDY.replace("ALLOWED", allowed).replace("PROTOCOL", protocol))
    return plan_suite(load_config(path), "s")


def test_nothing_missing_nothing_changed(tmp_path: Path) -> None:
    asked, plain = planned(tmp_path), planned(tmp_path, "false")
    assert [cell.id for cell in asked.cells] == [cell.id for cell in plain.cells]
    assert asked.left_out == ()
    assert asked.cells[0].places.allow_missing
    assert not plain.cells[0].places.allow_missing


def test_each_missing_video_makes_another_cell_and_is_told(tmp_path: Path) -> None:
    ids = {planned(tmp_path).cells[0].id}
    for name in "ac":
        (tmp_path / f"mine/{name}.mp4").unlink()
        plan = planned(tmp_path)
        ids.add(plan.cells[0].id)
        assert plan.cells[0].problem == ""
    assert len(ids) == 3
    assert plan.left_out == (
        "mine is read incomplete: 2 of 3 samples have no readable video: a.mp4, c.mp4",
    )


@pytest.mark.parametrize("protocol", ["finetune", "linear"])
def test_what_is_missing_and_was_not_allowed_hinders_the_cells_that_read_it(
    tmp_path: Path, protocol: str
) -> None:
    (tmp_path / "mine/b.mp4").unlink()
    plan = planned(tmp_path, "false", protocol)
    problem = (
        f"dataset mine: {tmp_path}/benchmarks.yaml:3: 1 of 3 samples have no readable video: "
        "b.mp4; run `severe data check mine`, or set `allow_missing: true` for the dataset"
    )
    readers = [cell for cell in plan.cells if "test_features" not in cell.needs]
    assert {cell.problem for cell in readers} == {problem}
    assert [(each.what, each.cells) for each in plan.missing] == [(problem, 1)]
    assert impossible(plan.cells, set()).keys() == {cell.id for cell in plan.cells}


def test_features_that_are_done_serve_without_videos(tmp_path: Path) -> None:
    (tmp_path / "mine/b.mp4").unlink()
    *features, probe = planned(tmp_path, "false", "linear").cells
    assert len(features) == 2
    assert impossible([*features, probe], {cell.id for cell in features}) == {}


@pytest.mark.parametrize("allowed", ["true", "false"])
def test_the_second_plan_looks_for_no_video(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allowed: str
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("it was looked")

    (tmp_path / "mine/a.mp4").unlink()
    os.utime(tmp_path / "mine", (0, 0))
    first = planned(tmp_path, allowed)
    monkeypatch.setattr("severe_bench.data.missing.missing", never)
    assert planned(tmp_path, allowed) == first
