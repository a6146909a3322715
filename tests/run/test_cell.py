"""One cell in this process, as a cluster's job would run it."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from severe_bench.core.digest import file_digest
from severe_bench.core.errors import UserError
from severe_bench.core.session import Progress
from severe_bench.plan.cell import Cell
from severe_bench.run.cell import Ended, How, run_cell
from severe_bench.run.provenance import code_digest
from severe_bench.run.reproduce import Invocation, reproducing
from severe_bench.run.sessions import Every, checkpoint_seconds
from severe_bench.store import cells
from severe_bench.store.cells import check, read_failure, write_failure, write_result
from severe_bench.store.events import read_events
from severe_bench.store.layout import Layout
from severe_bench.store.lock import claim, owner
from severe_bench.store.result import Failure
from severe_bench.store.table import rebuilt_table
from tests.run.fake_kinds import OUTPUT, RUNNERS
from tests.run.grids import dataset, evaluate, pretrain, tree


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "results", "demo")


def ignore(progress: Progress) -> None:
    assert progress.total


def run(layout: Layout, cell: Cell, stop: Callable[[], bool] = lambda: False) -> Ended:
    return run_cell(layout, cell, How(runners=RUNNERS), stop, ignore)


def test_a_stopped_cell_goes_on_to_the_same_number(layout: Layout, tmp_path: Path) -> None:
    cell = evaluate(3, steps=50)
    calls = iter([False] * 20)
    assert run(layout, cell, lambda: next(calls, True)).state == "interrupted"
    assert owner(layout.folder(cell)) is None
    assert run(layout, cell).state == "done"
    undisturbed = Layout(tmp_path / "other", "demo")
    run(undisturbed, cell)
    disturbed, quiet = check(layout.folder(cell)), check(undisturbed.folder(cell))
    assert disturbed is not None
    assert quiet is not None
    assert disturbed.metrics == quiet.metrics
    assert disturbed.provenance.resumed == 1
    events = [event.event for event in read_events(layout.folder(cell))]
    assert [event for event in events if event != "progress"] == [
        "started",
        "interrupted",
        "started",
        "finished",
    ]


def test_what_a_cell_says_of_its_number_stands_with_it(layout: Layout) -> None:
    cell = evaluate(0, mode="remark", steps=50)
    run(layout, cell, lambda: True)
    run(layout, cell)
    result = check(layout.folder(cell))
    assert result is not None
    assert result.provenance.remarks == ("it ran without",)
    events = [event for event in read_events(layout.folder(cell)) if event.event == "remark"]
    assert [event.note for event in events] == ["it ran without"] * 4


def test_and_with_what_is_made_from_it(layout: Layout) -> None:
    world = dataset()
    run(layout, world)
    made = check(layout.folder(world))
    assert made is not None
    said = made.provenance.model_copy(update={"remarks": ("it ran without",)})
    write_result(layout.folder(world), made.model_copy(update={"provenance": said}))
    cell = pretrain(0, {"dataset": world.id})
    run(layout, cell)
    result = check(layout.folder(cell))
    assert result is not None
    assert result.provenance.remarks == ("it ran without",)


def test_a_done_cell_is_not_touched(layout: Layout) -> None:
    cell = evaluate(0)
    run(layout, cell)
    before = (layout.folder(cell) / "result.json").stat().st_mtime_ns
    assert run(layout, cell).state == "done"
    assert (layout.folder(cell) / "result.json").stat().st_mtime_ns == before


def test_a_failed_cell_is_not_tried_again_behind_the_users_back(layout: Layout) -> None:
    cell = evaluate(0)
    write_failure(
        layout.folder(cell), Failure(cell=cell.id, failure_class="decode", message="frame 3")
    )
    assert run(layout, cell) == Ended("failed", message="decode: frame 3")


def test_a_held_cell_is_busy(layout: Layout) -> None:
    cell = evaluate(0)
    held = claim(layout.folder(cell))
    assert held is not None
    assert run(layout, cell).state == "busy"
    held.release()


@pytest.mark.parametrize("needs", [{"weights": pretrain(0).id}, {"dataset": dataset().id}])
def test_a_cell_whose_need_is_not_done_says_so(layout: Layout, needs: dict[str, str]) -> None:
    """The results were moved meanwhile, say: that is no failure of the cell."""
    cell = evaluate(0, needs)
    with pytest.raises(UserError, match="is not done; run it with `severe run demo`"):
        run(layout, cell)
    assert read_failure(layout.folder(cell)) is None


def test_a_need_with_other_bytes_is_not_read_but_made_again(layout: Layout) -> None:
    """Of the same size and time, as a disk damages a file."""
    model = pretrain(0)
    cell = evaluate(0, {"weights": model.id})
    run(layout, model)
    good = (layout.folder(model) / OUTPUT).read_bytes()
    flip(layout.folder(model) / OUTPUT)
    with pytest.raises(UserError) as caught:
        run(layout, cell)
    assert str(caught.value) == (
        f"{layout.folder(model)}: {OUTPUT} has other bytes than when it was written; its cell is "
        "set aside; start the same command again, which makes it anew"
    )
    assert read_failure(layout.folder(cell)) is None
    assert len(list(layout.quarantine.iterdir())) == 1
    assert run(layout, model).state == "done"
    assert (layout.folder(model) / OUTPUT).read_bytes() == good
    assert run(layout, cell).state == "done"


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[0] ^= 1
    path.write_bytes(content)


def test_a_need_is_read_once_for_all_cells(layout: Layout, monkeypatch: pytest.MonkeyPatch) -> None:
    model = pretrain(0)
    run(layout, model)
    read = []

    def counted(path: Path) -> str:
        read.append(path)
        return file_digest(path)

    monkeypatch.setattr(cells, "file_digest", counted)
    for seed in range(3):
        run(layout, evaluate(seed, {"weights": model.id}))
    assert read.count(layout.folder(model) / OUTPUT) == 1


def test_needs_are_handed_over_by_role(layout: Layout) -> None:
    for cell in tree(1):
        assert run(layout, cell).state == "done"
    assert len({row.value for row in rebuilt_table(layout)}) == 2


def test_a_damaged_result_is_moved_aside_and_made_again(layout: Layout) -> None:
    cell = pretrain(0)
    run(layout, cell)
    number = json.loads((layout.folder(cell) / OUTPUT).read_text())
    (layout.folder(cell) / OUTPUT).write_text("")
    assert run(layout, cell).state == "done"
    assert json.loads((layout.folder(cell) / OUTPUT).read_text()) == number
    assert len(list(layout.quarantine.iterdir())) == 1


def test_a_disk_that_fills_when_the_result_is_written_leaves_no_result(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    cell = evaluate(0)
    replace = Path.replace

    def full(self: Path, target: Path) -> Path:
        if Path(target).name == "result.json":
            raise OSError(28, "No space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UserError, match="No space left"):
        run(layout, cell)
    monkeypatch.undo()
    folder = layout.folder(cell)
    assert not list(folder.glob("*partial*"))
    assert check(folder) is None
    assert read_failure(folder) is None
    assert run(layout, cell).state == "done"


@pytest.mark.parametrize("mode", ["", "bug"])
def test_a_disk_too_full_for_an_event_is_the_users_to_mend(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    cell = evaluate(0, mode=mode)
    write = os.write

    def full(descriptor: int, line: bytes) -> int:
        if b'"finished"' in line or b'"failed"' in line:
            raise OSError(28, "No space left on device")
        return write(descriptor, line)

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(UserError, match="No space left") as caught:
        run(layout, cell)
    assert caught.value.where == str(layout.folder(cell) / "events.jsonl")
    assert owner(layout.folder(cell)) is None


def test_a_result_of_another_cell_is_not_believed(layout: Layout) -> None:
    cell, other = evaluate(0), evaluate(1)
    run(layout, other)
    result = check(layout.folder(other))
    assert result is not None
    write_result(layout.folder(cell), result)
    assert run(layout, cell).state == "done"
    mended = check(layout.folder(cell))
    assert mended is not None
    assert mended.cell == cell.id


def test_the_reproducing_command_survives_a_shell() -> None:
    cell = evaluate(0)
    assert cell.label is not None
    label = cell.label.model_copy(update={"model": "a b; rm *"})
    invocation = Invocation(config="my file.yaml", environ={"B": "x", "A": "1 2"})
    text = reproducing(cell.model_copy(update={"label": label}), "demo", invocation)
    assert text.startswith("env 'A=1 2' B=x severe run demo --config 'my file.yaml'")
    assert "--model 'a b; rm *'" in text


def test_the_code_digest_is_one_per_code() -> None:
    assert code_digest() == code_digest.__wrapped__()


def test_checkpoint_times(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    due = Every(30.0)
    assert not due()
    clock[0] += 31
    assert due()
    assert not due()
    monkeypatch.setenv("SEVERE_CHECKPOINT_SECONDS", "soon")
    with pytest.raises(UserError, match="soon"):
        checkpoint_seconds()
