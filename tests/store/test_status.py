"""States, demand and status of a plan."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from severe_bench.core.errors import UserError
from severe_bench.plan.cell import Cell
from severe_bench.store.adopt import adopt
from severe_bench.store.cells import (
    check,
    output_files,
    write_cell,
    write_failure,
    write_result,
)
from severe_bench.store.demand import blocked, demanded, impossible
from severe_bench.store.layout import Layout
from severe_bench.store.lock import claim
from severe_bench.store.quarantine import quarantine_damaged
from severe_bench.store.result import Failure
from severe_bench.store.states import state_of, states
from severe_bench.store.status import status
from tests.store.samples import dataset_cell, evaluate_cell, result_of


def finish(layout: Layout, cell: Cell) -> Path:
    folder = layout.folder(cell)
    write_cell(folder, cell)
    write_result(folder, result_of(cell, files=output_files(folder)))
    return folder


def fail(layout: Layout, cell: Cell) -> None:
    failure = Failure(cell=cell.id, failure_class="decode", message="frame 3")
    write_failure(layout.folder(cell), failure)


@pytest.fixture
def grid() -> list[Cell]:
    world = dataset_cell()
    probes = [evaluate_cell(seed, needs={"dataset": world.id}) for seed in range(3)]
    return [world, *probes]


def test_each_state_is_told(layout: Layout, grid: list[Cell]) -> None:
    world, done, failed, running = grid
    assert set(states(layout, grid).values()) == {"pending"}
    finish(layout, done)
    fail(layout, failed)
    held = claim(layout.folder(running))
    assert states(layout, grid) == {
        world.id: "pending",
        done.id: "done",
        failed.id: "failed",
        running.id: "running",
    }
    held.release()
    assert state_of(layout.folder(running)) == "pending"


@pytest.mark.parametrize("name", ["result.json", "cell.yaml"])
@pytest.mark.parametrize("content", ["", "{", '{"cell": "0"}\n', "\0\0\0\0"])
def test_a_damaged_head_is_seen_without_parsing(
    layout: Layout, grid: list[Cell], name: str, content: str
) -> None:
    folder = finish(layout, grid[1])
    (folder / name).write_text(content)
    assert state_of(folder) == "corrupt"


def test_what_an_editor_leaves_behind_is_no_damage(layout: Layout, grid: list[Cell]) -> None:
    """`severe run` takes such cells for done, so `severe status` has to."""
    folder = finish(layout, grid[1])
    for name, before, after in (("cell.yaml", "# mine\n", ""), ("result.json", "", "\n\n")):
        path = folder / name
        path.write_text(before + path.read_text() + after)
        assert check(folder) is not None
        assert state_of(folder) == "done"


def test_a_results_folder_that_is_a_file_is_the_users_to_mend(
    tmp_path: Path, grid: list[Cell]
) -> None:
    (tmp_path / "results").write_text("")
    with pytest.raises(UserError, match="cannot read"):
        states(Layout(tmp_path / "results", "demo"), grid)


def test_only_what_unfinished_goals_need_is_demanded(grid: list[Cell]) -> None:
    world, *probes = grid
    assert demanded(grid, {probe.id for probe in probes}) == frozenset()
    assert demanded(grid, {probes[0].id}) == {world.id, probes[1].id, probes[2].id}
    assert demanded(grid, {world.id}) == {probe.id for probe in probes}
    assert demanded([world], set()) == {world.id}
    assert demanded(grid, set(), {probe.id for probe in probes}) == frozenset()


def test_blocking_is_handed_down() -> None:
    first = dataset_cell("a", problem="no root")
    second = dataset_cell("b").model_copy(update={"needs": {"dataset": first.id}})
    third = evaluate_cell(needs={"weights": second.id})
    cells = [first, second, third]
    assert blocked(cells, {first.id}) == {second.id: first.id, third.id: first.id}
    assert impossible(cells, set()) == {
        first.id: "no root",
        second.id: f"needs {first.id}: no root",
        third.id: f"needs {first.id}: no root",
    }
    assert impossible(cells, {third.id}).keys() == {first.id, second.id}


def test_status_counts_and_says_why(layout: Layout, grid: list[Cell]) -> None:
    _world, done, failed, _ = grid
    finish(layout, done)
    fail(layout, failed)
    seen = status(layout, grid)
    assert (seen.done, seen.failed, seen.pending, seen.complete) == (1, 1, 2, False)
    assert {row.id: row.reason for row in seen.cells}[failed.id] == "decode: frame 3"
    json.dumps(seen.model_dump(mode="json"))


def test_finished_cells_of_other_settings_are_counted(layout: Layout, grid: list[Cell]) -> None:
    for cell in grid:
        finish(layout, cell)
    fail(layout, evaluate_cell(7))
    assert status(layout, grid).others == 0
    assert status(layout, grid[:2]).others == 2


def test_a_suite_is_complete_when_nothing_is_left_to_run(layout: Layout, grid: list[Cell]) -> None:
    for cell in grid[1:]:
        finish(layout, cell)
    seen = status(layout, grid)
    assert (seen.complete, seen.done, seen.pending) == (True, 3, 0)
    assert seen.cells[0].state == "idle"


def test_a_failed_need_blocks_and_an_impossible_one_rules_out(
    layout: Layout, grid: list[Cell]
) -> None:
    fail(layout, grid[0])
    seen = status(layout, grid)
    assert (seen.failed, seen.blocked, seen.pending, seen.complete) == (1, 3, 0, True)
    no_root = grid[0].model_copy(update={"problem": "no root"})
    seen = status(layout, [no_root, *grid[1:]])
    assert (seen.impossible, seen.failed) == (4, 0)
    assert "no root" in seen.cells[3].reason


def test_quarantine_moves_one_folder_and_names_it(layout: Layout, grid: list[Cell]) -> None:
    good, bad = finish(layout, grid[1]), finish(layout, grid[2])
    (bad / "result.json").write_text("{")
    assert quarantine_damaged(layout, good) is None
    moved = quarantine_damaged(layout, bad)
    assert moved is not None
    assert not bad.exists()
    assert (moved.folder / "cell.yaml").exists()
    assert grid[2].id in str(moved)
    assert state_of(good) == "done"
    assert status(layout, grid).quarantined == (moved.folder.name,)


def test_a_damaged_cell_that_somebody_works_on_is_left_to_them(
    layout: Layout, grid: list[Cell]
) -> None:
    bad = finish(layout, grid[2])
    (bad / "result.json").write_text("{")
    held = claim(bad)
    assert held is not None
    assert quarantine_damaged(layout, bad) is None
    held.release()
    assert quarantine_damaged(layout, bad) is not None


def test_a_finished_cell_of_another_suite_is_taken_over_under_new_names(layout: Layout) -> None:
    cell = evaluate_cell(model="theirs")
    folder = finish(layout, cell)
    (folder / "predictions.npz").write_bytes(b"scores")
    write_result(folder, result_of(cell, files=output_files(folder)))
    other = Layout(layout.results, "other")
    ours = evaluate_cell(model="ours")
    assert ours.id == cell.id
    other.folder(ours).mkdir(parents=True)
    assert adopt(other, ours)
    taken = check(other.folder(ours))
    assert taken.label.model == "ours"
    assert taken.metrics == check(folder).metrics
    assert (other.folder(ours) / "predictions.npz").read_bytes() == b"scores"
    assert check(folder).label.model == "theirs"


def test_a_cell_that_was_taken_over_keeps_nothing_of_earlier_attempts(layout: Layout) -> None:
    cell = evaluate_cell()
    finish(Layout(layout.results, "other"), cell)
    fail(layout, cell)
    checkpoint = layout.folder(cell) / "checkpoint.pt"
    checkpoint.write_bytes(b"half of it")
    assert adopt(layout, cell)
    assert check(layout.folder(cell)) is not None
    assert not checkpoint.exists()
    assert not (layout.folder(cell) / "failure.json").exists()


def test_a_cell_of_another_suite_that_goes_away_meanwhile_is_made_here(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell = evaluate_cell()
    source = finish(Layout(layout.results, "other"), cell)
    held = claim(layout.folder(cell))

    def link(one: Path, target: Path) -> None:
        one.rename(one.with_name("aside"))
        raise FileNotFoundError(one)

    monkeypatch.setattr("severe_bench.store.adopt.os.link", link)
    assert source.is_dir()
    assert not adopt(layout, cell)
    assert check(layout.folder(cell)) is None
    held.release()


def test_a_damaged_cell_of_another_suite_is_left_alone(layout: Layout) -> None:
    cell = evaluate_cell()
    (finish(layout, cell) / "result.json").write_text("{}")
    other = Layout(layout.results, "other")
    other.folder(cell).mkdir(parents=True)
    assert not adopt(other, cell)
    assert state_of(other.folder(cell)) == "pending"


@pytest.mark.parametrize("name", ["shared", "", "..", "a/b"])
def test_a_suite_name_that_is_no_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError):
        Layout(tmp_path, name)


def test_what_waits_in_a_queue_is_told_and_never_hides_the_disk(
    layout: Layout, grid: list[Cell]
) -> None:
    world, done, failed, waiting = grid
    finish(layout, done)
    fail(layout, failed)
    found = status(layout, grid, {cell.id for cell in (world, done, failed, waiting)})
    assert [row.state for row in found.cells] == ["queued", "done", "failed", "queued"]
    assert (found.queued, found.pending, found.complete) == (2, 0, False)
    assert status(layout, grid).queued == 0


def test_a_cell_that_a_dead_process_left_is_told(layout: Layout, grid: list[Cell]) -> None:
    folder = layout.folder(grid[1])
    script = (
        "import os, sys; from pathlib import Path; from severe_bench.store.lock import claim;"
        " claim(Path(sys.argv[1])); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", script, str(folder)], check=False)
    row = status(layout, grid).cells[1]
    assert row.state == "pending"
    assert row.reason.endswith("left it unfinished")
    held = claim(folder)
    assert held is not None
    held.release()
    assert status(layout, grid).cells[1].reason == ""
