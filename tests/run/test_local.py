"""Local runs: everything ends, once, whatever single cells do."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from severe_bench.core.errors import UserError
from severe_bench.plan.cell import Cell
from severe_bench.run.events import Event, Note, Outlook, Progressed, Retried, Waiting
from severe_bench.run.local import RunOutcome, run_cells
from severe_bench.run.pool import Settings
from severe_bench.store.cells import check, read_failure
from severe_bench.store.layout import Layout
from severe_bench.store.lock import claim, owner
from severe_bench.store.predictions import read_predictions
from severe_bench.store.result import Failure
from severe_bench.store.status import status
from severe_bench.store.table import read_table
from tests.run.driver import LANES
from tests.run.fake_kinds import EXECUTIONS, OUTPUT, RUNNERS
from tests.run.grids import dataset, evaluate, pretrain, tree


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "results", "demo")


@pytest.fixture(autouse=True)
def executions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "executions.txt"
    path.touch()
    monkeypatch.setenv(EXECUTIONS, str(path))
    monkeypatch.setenv("SEVERE_CHECKPOINT_SECONDS", "0.02")
    return path


def begun(executions: Path) -> Counter[str]:
    lines = [line.split() for line in executions.read_text().splitlines()]
    return Counter(words[1] for words in lines if words[0] == "begin")


def run(
    layout: Layout,
    cells: list[Cell],
    observe: Callable[[Event], None] = lambda event: None,
    retry: frozenset[str] = frozenset(),
    timeout: float | None = None,
    losses: int = 2,
) -> RunOutcome:
    settings = Settings(
        LANES, retry=retry, timeout=timeout, grace=10, losses=losses, runners=RUNNERS
    )
    return run_cells(layout, cells, settings, observe)


def failure_of(layout: Layout, cell: Cell) -> Failure:
    failure = read_failure(layout.folder(cell))
    assert failure is not None
    return failure


def test_needs_come_first_and_everything_is_done_once(layout: Layout, executions: Path) -> None:
    cells = tree()
    outcome = run(layout, cells)
    assert outcome.exit_code == 0
    assert set(outcome.done) == {cell.id for cell in cells}
    assert set(begun(executions).values()) == {1}
    place = {cell: at for at, cell in enumerate(outcome.done)}
    assert all(place[need] < place[cell.id] for cell in cells for need in cell.needs.values())
    assert status(layout, cells).complete


def test_a_cells_folder_holds_what_is_promised(layout: Layout) -> None:
    (cell,) = cells = [evaluate(0)]
    run(layout, cells)
    folder = layout.folder(cell)
    names = {path.name for path in folder.iterdir()}
    assert {"cell.yaml", "result.json", "predictions.npz", "events.jsonl"} <= names
    assert not names & {"checkpoint.pt", "failure.json", "claim.json", "progress.json"}
    result = check(folder)
    assert result is not None
    assert result.provenance.command == (
        "severe run demo --model 'model ' --experiment near --seed 0 --preset quick"
        " --results results-again"
    )
    assert len(result.provenance.code) == 64
    assert result.cost.peak_memory_bytes > 10**6
    assert result.cost.attempts == 1
    assert read_predictions(folder).scores[0, 0] == pytest.approx(result.metrics[0].value)
    assert {row.cell for row in read_table(layout.table)} == {cell.id}


def test_a_second_run_finds_all_done_and_starts_nothing(layout: Layout, executions: Path) -> None:
    cells = tree()
    run(layout, cells)
    events: list[Event] = []
    before = layout.table.stat().st_mtime_ns
    outcome = run(layout, cells, events.append)
    assert outcome.found == {cell.id for cell in cells}
    assert events == []
    assert set(begun(executions).values()) == {1}
    assert layout.table.stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("mode", "failure_class"),
    [
        ("nan", "nan_loss"),
        ("memory", "out_of_memory"),
        ("user", "user"),
        ("bug", "other"),
    ],
)
def test_a_failing_cell_is_a_stored_result_and_others_go_on(
    layout: Layout, mode: str, failure_class: str
) -> None:
    bad, good = cells = [evaluate(0, mode=mode), evaluate(1)]
    outcome = run(layout, cells)
    assert outcome.exit_code == 1
    assert list(outcome.failed) == [bad.id]
    assert outcome.told == {bad.id}
    assert good.id in outcome.done
    failure = failure_of(layout, bad)
    assert failure.failure_class == failure_class
    assert failure.hint
    assert "fake_kinds.py" in failure.traceback


def test_failed_cells_wait_until_the_user_asks(layout: Layout, executions: Path) -> None:
    cells = [evaluate(0, mode="nan"), evaluate(1, mode="bug")]
    run(layout, cells)
    again = run(layout, cells)
    assert set(again.failed) == {cell.id for cell in cells}
    assert again.exit_code == 1
    attempts = [failure_of(layout, cell).attempts for cell in cells]
    assert attempts == [1, 1]
    run(layout, cells, retry=frozenset({"nan_loss"}))
    assert [failure_of(layout, cell).attempts for cell in cells] == [2, 1]
    run(layout, cells, retry=frozenset({"failed"}))
    assert [failure_of(layout, cell).attempts for cell in cells] == [3, 2]


def test_an_unknown_class_to_retry_is_the_users_to_mend(layout: Layout) -> None:
    with pytest.raises(UserError, match="nan_loss"):
        run(layout, [evaluate(0)], retry=frozenset({"nan_los"}))


def test_what_needs_a_failed_cell_is_blocked_with_its_reason(layout: Layout) -> None:
    bad = evaluate(0, mode="bug")
    middle = pretrain(0, {"weights": bad.id})
    leaf = evaluate(1, {"weights": middle.id})
    other = evaluate(2)
    outcome = run(layout, [bad, middle, leaf, other])
    assert outcome.blocked == {middle.id: bad.id, leaf.id: bad.id}
    assert other.id in outcome.done
    again = run(layout, [bad, middle, leaf, other])
    assert again.blocked == outcome.blocked
    assert again.exit_code == 1


def test_damaged_weights_end_the_run_in_one_line_and_the_next_makes_them_again(
    layout: Layout,
) -> None:
    cells = tree()
    run(layout, cells)
    shutil.rmtree(layout.cells)
    damaged = layout.folder(cells[1]) / OUTPUT
    good = damaged.read_bytes()
    damaged.write_bytes(bytes([good[0] ^ 1]) + good[1:])
    with pytest.raises(UserError, match=f"{OUTPUT} has other bytes|is not done"):
        run(layout, cells)
    outcome = run(layout, cells)
    assert outcome.exit_code == 0
    assert damaged.read_bytes() == good
    assert status(layout, cells).complete
    assert len(list(layout.quarantine.iterdir())) == 1


def test_impossible_cells_are_left_alone(layout: Layout, executions: Path) -> None:
    missing = evaluate(0).model_copy(update={"problem": "no root"})
    outcome = run(layout, [missing, evaluate(1)])
    assert outcome.impossible == {missing.id: "no root"}
    assert outcome.exit_code == 1
    assert missing.id not in begun(executions)


def test_a_dead_worker_costs_its_cell_only_and_is_replaced(layout: Layout) -> None:
    events: list[Event] = []
    cells = [evaluate(0, mode="die_once"), *[evaluate(n) for n in range(1, 5)]]
    outcome = run(layout, cells, events.append)
    assert outcome.exit_code == 0
    assert [e.reason for e in events if isinstance(e, Retried)] == [
        "its worker was killed by SIGKILL"
    ]
    result = check(layout.folder(cells[0]))
    assert result is not None
    assert result.cost.attempts == 2


@pytest.mark.parametrize(("mode", "how"), [("die", "SIGKILL"), ("exit", "code 3")])
def test_a_cell_whose_worker_always_dies_is_lost(layout: Layout, mode: str, how: str) -> None:
    cells = [evaluate(0, mode=mode), evaluate(1)]
    outcome = run(layout, cells, losses=1)
    assert list(outcome.failed) == [cells[0].id]
    failure = failure_of(layout, cells[0])
    assert failure.failure_class == "lost"
    assert how in failure.message
    assert failure.attempts == 2
    if mode == "die":
        assert "about to die" in failure.traceback


def test_a_cell_that_takes_too_long_is_cut_off_and_can_go_on(
    layout: Layout, executions: Path
) -> None:
    cells = [evaluate(0, steps=120, pause=0.01), evaluate(1)]
    outcome = run(layout, cells, timeout=0.6)
    assert list(outcome.failed) == [cells[0].id]
    assert failure_of(layout, cells[0]).failure_class == "timeout"
    outcome = run(layout, cells, retry=frozenset({"timeout"}))
    assert outcome.exit_code == 0
    steps = [line for line in executions.read_text().splitlines() if line.startswith("step")]
    assert len([line for line in steps if cells[0].id in line]) == 120


def test_a_cell_that_ends_just_after_its_time_costs_the_next_one_nothing(layout: Layout) -> None:
    cells = [evaluate(seed, mode="deaf") for seed in range(4)]
    outcome = run(layout, cells, timeout=0.4)
    assert outcome.failed == {}
    assert set(outcome.done) == {cell.id for cell in cells}


def test_output_of_a_cell_and_its_children_goes_to_its_log(
    layout: Layout, capfd: pytest.CaptureFixture[str]
) -> None:
    cells = [evaluate(0, mode="chatter")]
    run(layout, cells)
    log = (layout.folder(cells[0]) / "log.txt").read_text()
    assert "to standard output" in log
    assert "from a child" in log
    assert capfd.readouterr().out == ""


def test_a_damaged_folder_is_moved_aside_named_and_made_again(
    layout: Layout, executions: Path
) -> None:
    cells = tree(2)
    first = run(layout, cells)
    (layout.folder(cells[-1]) / "result.json").write_text('{"cell": ')
    (layout.folder(cells[-2]) / "predictions.npz").write_text("")
    events: list[Event] = []
    outcome = run(layout, cells, events.append)
    assert {found.cell for found in outcome.quarantined} == {cells[-1].id, cells[-2].id}
    assert all(found.folder.is_dir() for found in outcome.quarantined)
    notes = [event.text for event in events if isinstance(event, Note)]
    assert len(notes) == 2
    assert set(outcome.done) == {cells[-1].id, cells[-2].id}
    assert set(first.done) == outcome.found | set(outcome.done)
    assert sum(begun(executions).values()) == len(cells) + 2


def test_a_full_disk_stops_the_run_with_one_line(layout: Layout) -> None:
    with pytest.raises(UserError, match=r"No space left.*free some space"):
        run(layout, [evaluate(0, mode="full"), evaluate(1)])
    assert read_failure(layout.folder(evaluate(0, mode="full"))) is None


def test_a_file_in_place_of_the_results_folder_is_the_users_to_mend(layout: Layout) -> None:
    layout.results.write_text("")
    with pytest.raises(UserError):
        run(layout, [evaluate(0)])


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount")
@pytest.mark.parametrize("options", ["size=64k", "size=1m,ro"])
def test_a_really_full_or_read_only_disk(tmp_path: Path, options: str) -> None:
    target = tmp_path / "mnt"
    target.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(target)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("this container may not mount")
    try:
        with pytest.raises(UserError, match="cannot write"):
            run(Layout(target, "demo"), [evaluate(n) for n in range(20)])
    finally:
        subprocess.run(["umount", "-l", str(target)], check=True)


def test_workers_that_do_not_start_are_said(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "severe_bench.run.process.WORKER", (sys.executable, "-c", "raise SystemExit('no torch')")
    )
    with pytest.raises(UserError, match="do not start: no torch"):
        run(layout, [evaluate(0)])


def test_a_cell_held_elsewhere_is_waited_for_and_then_taken(layout: Layout) -> None:
    (cell,) = cells = [evaluate(0)]
    held = claim(layout.folder(cell))
    assert held is not None
    events: list[Event] = []

    def observe(event: Event) -> None:
        events.append(event)
        if isinstance(event, Waiting):
            held.release()

    outcome = run(layout, cells, observe)
    assert outcome.done == (cell.id,)
    assert any(isinstance(event, Waiting) for event in events)


@pytest.mark.parametrize("name", ["result.json", "failure.json"])
def test_a_cell_that_was_damaged_elsewhere_is_set_aside_and_made(layout: Layout, name: str) -> None:
    (cell,) = cells = [evaluate(0)]
    held = claim(layout.folder(cell))
    assert held is not None

    def observe(event: Event) -> None:
        if isinstance(event, Waiting):
            (layout.folder(cell) / name).write_text('{"cell": ')
            held.release()

    outcome = run(layout, cells, observe)
    assert outcome.done == (cell.id,)
    assert len(list(layout.quarantine.iterdir())) == 1


def test_what_another_run_did_since_the_survey_is_counted_as_its(layout: Layout) -> None:
    first, second = cells = [evaluate(0), evaluate(1)]
    others: list[RunOutcome] = []

    def observe(event: Event) -> None:
        if isinstance(event, Outlook) and not others:
            others.append(run(layout, [second]))

    outcome = run(layout, cells, observe)
    assert [(other.done, other.waited) for other in others] == [((second.id,), frozenset())]
    assert set(outcome.done) == {first.id, second.id}
    assert outcome.waited == {second.id}


def test_two_runs_at_once_share_the_work(layout: Layout, executions: Path) -> None:
    cells = tree(6)
    command = [sys.executable, "-m", "tests.run.driver", str(layout.results), "6"]
    processes = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(2)]
    assert [process.wait(120) for process in processes] == [0, 0]
    assert begun(executions) == {cell.id: 1 for cell in cells}
    assert status(layout, cells).complete
    assert len(read_table(layout.table)) == 12


def test_ctrl_c_lets_cells_checkpoint_and_the_next_run_goes_on(
    layout: Layout, executions: Path
) -> None:
    cells = [evaluate(0, steps=400, pause=0.01), evaluate(1, steps=400, pause=0.01)]

    notes: list[str] = []
    begun: set[str] = set()

    def observe(event: Event) -> None:
        if isinstance(event, Progressed) and event.cell.id not in begun:
            begun.add(event.cell.id)
            if len(begun) == len(cells):
                os.kill(os.getpid(), signal.SIGINT)
        if isinstance(event, Note):
            notes.append(event.text)

    outcome = run(layout, cells, observe)
    assert outcome.interrupted
    assert [note.partition(":")[0] for note in notes] == ["stopping"]
    assert outcome.exit_code == 130
    assert [owner(layout.folder(cell)) for cell in cells] == [None, None]
    assert all((layout.folder(cell) / "checkpoint.pt").exists() for cell in cells)
    outcome = run(layout, cells)
    assert set(outcome.done) == {cell.id for cell in cells}
    steps = [line for line in executions.read_text().splitlines() if line.startswith("step")]
    assert len(steps) == 800
    result = check(layout.folder(cells[0]))
    assert result is not None
    assert (result.cost.attempts, result.provenance.resumed) == (2, 1)


def test_a_finished_cell_of_another_suite_is_not_computed_again(
    layout: Layout, executions: Path
) -> None:
    cells = [evaluate(0)]
    run(layout, cells)
    other = Layout(layout.results, "other")
    outcome = run(other, cells)
    assert outcome.done == (cells[0].id,)
    assert begun(executions) == {cells[0].id: 1}
    assert check(other.folder(cells[0])) is not None


def test_orphans_end_by_themselves(layout: Layout) -> None:
    command = [sys.executable, "-m", "tests.run.driver", str(layout.results), "50"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    world = layout.folder(dataset())
    while owner(world) is None and not (world / "result.json").exists():
        time.sleep(0.01)
    process.kill()
    process.wait()
    deadline = time.monotonic() + 60
    while any(owner(layout.folder(cell)) for cell in tree(50)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
