"""A study on a set with missing videos, from the yaml to the table: refused, or asked for."""

import json
from pathlib import Path

import numpy as np
import pytest

from severe_bench.config.loading import load_config
from severe_bench.core.digest import file_digest
from severe_bench.plan.build import Plan, plan_suite
from severe_bench.run.cell import How, run_cell
from severe_bench.run.devices import ONE_THREAD, Lane
from severe_bench.run.local import run_cells
from severe_bench.run.pool import Settings
from severe_bench.store.cells import check
from severe_bench.store.layout import Layout
from severe_bench.store.predictions import read_predictions
from severe_bench.store.result import Result
from severe_bench.store.table import Row, read_table, table_of, write_table
from tests.data.zoo import Animal

STUDY = """\
version: 1
datasets:
  mine: {adapter: manifest, root: mine, allow_missing: ALLOWED}
recipes:
  quick:
    clip: {frames: 4, size: 32, sampling: stride, stride: 1}
    test: {clips: 1}
    batch_size: 2
    schedule: {epochs: 1}
models:
  none: {backbone: r2plus1d_narrow}
experiments:
  tune: {factor: domain, dataset: mine, task: recognition, protocol: finetune, recipe: quick,
         budget: {count: 4}}
  probe: {factor: domain, dataset: mine, task: recognition, protocol: linear, recipe: quick}
suites:
  s: {blocks: [{models: none, experiments: "*", seeds: [0]}]}
"""
TRAIN, TEST = [f"train{n}.mp4" for n in range(6)], [f"test{n}.mp4" for n in range(4)]


@pytest.fixture(autouse=True)
def mine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "mine"
    folder.mkdir()
    whole = Animal("a.mp4", options={"preset": "ultrafast"}, count=6).write(tmp_path).read_bytes()
    for name in (*TRAIN, *TEST):
        (folder / name).write_bytes(whole)
    splits = {"train": TRAIN, "test": TEST}
    rows = [f"{n},{'xy'[i % 2]},{s}" for s, names in splits.items() for i, n in enumerate(names)]
    (folder / "annotations.csv").write_text("\n".join(["path,label,split", *rows, ""]))
    return folder


def planned(folder: Path, allowed: str) -> Plan:
    path = folder / "benchmarks.yaml"
    path.write_text(STUDY.replace("ALLOWED", allowed))
    return plan_suite(load_config(path), "s")


def ran(folder: Path) -> dict[str, tuple[Path, Result]]:
    """Every cell run in turn, by what it is."""
    layout, found = Layout(folder / "results", "s"), {}
    plan = planned(folder, "true")
    for cell in plan.cells:
        ended = run_cell(layout, cell, How(), lambda: False, lambda _: None)
        assert ended.state == "done", ended.message
        result = check(layout.folder(cell))
        assert result is not None
        name = cell.label.experiment if cell.label else cell.title.rpartition(" ")[2]
        found[name] = (layout.folder(cell), result)
    write_table(layout.table, table_of(layout, plan.cells))
    return found


def drawn(result: tuple[Path, Result]) -> str:
    return result[1].provenance.split


def rows_of(folder: Path) -> dict[str, Row]:
    return {row.experiment: row for row in read_table(folder / "results" / "s" / "results.csv")}


def test_without_being_asked_for_none_of_its_cells_run(tmp_path: Path, mine: Path) -> None:
    for name in (TRAIN[1], TEST[0]):
        (mine / name).unlink()
    plan = planned(tmp_path, "false")
    layout = Layout(tmp_path / "results", "s")
    settings = Settings((Lane("cpu", "cpu", ONE_THREAD),))
    outcome = run_cells(layout, plan.cells, settings, lambda _: None)
    assert outcome.impossible.keys() == {cell.id for cell in plan.cells}
    assert outcome.done == ()
    assert outcome.exit_code == 1
    assert {reason.split(": ", 1)[1] for reason in outcome.impossible.values()} >= {
        f"{tmp_path}/benchmarks.yaml:3: 2 of 10 samples have no readable video: train1.mp4, "
        "test0.mp4; run `severe data check mine`, or set `allow_missing: true` for the dataset"
    }
    assert layout.table.exists()


def test_what_is_missing_is_dropped_after_the_draw_and_told(tmp_path: Path, mine: Path) -> None:
    complete = ran(tmp_path)
    assert {row.incomplete for row in rows_of(tmp_path).values()} == {False}
    assert not any((folder / "missing.json").exists() for folder, _ in complete.values())

    for name in (*TRAIN[:3], TEST[2]):
        (mine / name).unlink()
    found = ran(tmp_path)
    assert {folder for folder, _ in complete.values()}.isdisjoint(f for f, _ in found.values())
    folder, tune = found["tune"]
    assert drawn(found["tune"]) == drawn(complete["tune"])  # the official list's, all the same
    assert tune.missing["test"] == 1
    assert 1 <= tune.missing["train"] <= 3
    assert tune.files["missing.json"].sha256 == file_digest(folder / "missing.json")
    told = json.loads((folder / "missing.json").read_text())
    assert told["test"] == [{"sample": TEST[2], "path": TEST[2]}]
    assert {entry["sample"] for entry in told["train"]} <= set(TRAIN[:3])
    wanted = [name for name in TEST if name != TEST[2]]
    assert np.array_equal(read_predictions(folder).samples, wanted)
    assert tune.metrics[0].n == 3

    lines = (folder / "drawn.txt").read_text().splitlines()
    assert len(lines) == 4
    assert tune.files["drawn.txt"].sha256 == tune.provenance.split
    assert not (found["probe"][0] / "drawn.txt").exists()  # the full set

    folder, probe = found["probe"]
    assert probe.missing == {"train": 3, "test": 1}
    assert np.array_equal(read_predictions(folder).samples, wanted)
    assert (found["train"][1].missing, found["test"][1].missing) == ({"train": 3}, {"test": 1})

    def clips(name: str) -> list[int]:
        return list(found[name][1].provenance.decoders.values())

    assert clips("train") == [3]
    assert clips("test") == [3]
    assert clips("probe") == [6]
    assert clips("tune") == [4 - tune.missing["train"] + 3]
    rows = rows_of(tmp_path)
    assert (rows["probe"].missing_train, rows["probe"].missing_test) == (3, 1)
    assert all(row.incomplete for row in rows.values())
    head = (tmp_path / "results/s/results.csv").read_text().splitlines()[0]
    assert ",missing_train,missing_test" in head


def test_an_unreadable_video_that_was_checked_is_left_out(tmp_path: Path, mine: Path) -> None:
    from severe_bench.data.adapter import Location
    from severe_bench.data.check import check_dataset

    (mine / TEST[1]).write_bytes((mine / TEST[1]).read_bytes()[:500])
    found = check_dataset("manifest", {}, Location(mine, None), decode=True)
    assert [video.path for video in found.splits["test"].unreadable or ()] == [TEST[1]]
    assert check_dataset("manifest", {}, Location(mine, None)).ok is False
    results = ran(tmp_path)
    assert results["probe"][1].missing == {"train": 0, "test": 1}
