"""What a task does with its cells, without any scheduler."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from severe_bench.run.cluster import task
from severe_bench.run.cluster.profile import Asks
from severe_bench.run.cluster.sharing import Share
from severe_bench.run.cluster.submission import Submission, write
from severe_bench.run.cluster.task import GO_BACK, STEP, TOLD, ArrayTask, runnable
from severe_bench.run.devices import ONE_THREAD, Lane
from severe_bench.run.local import run_cells
from severe_bench.run.pool import Settings
from severe_bench.run.reproduce import Invocation
from severe_bench.store.layout import Layout
from severe_bench.store.states import states
from tests.run.fake_kinds import RUNNERS
from tests.run.grids import evaluate, tree

LANES = (Lane("cpu 0", "cpu", ONE_THREAD),)


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    before = {name: signal.getsignal(name) for name in (signal.SIGUSR2, signal.SIGTERM)}
    yield
    for name, handler in before.items():
        signal.signal(name, handler)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "results", "demo")


def submitted(
    layout: Layout, cells: list, requeues: int = 20, limit: float | None = None
) -> Submission:
    submission = Submission(
        name="20260101-000000-0",
        results=str(layout.results),
        suite=layout.suite,
        asks=Asks(cpus=1),
        invocation=Invocation(),
        runners=dict(RUNNERS),
        requeues=requeues,
        timeout=None,
        parallel=1,
        limit_seconds=limit,
        warning_seconds=60,
        cells=(tuple(cell.id for cell in cells),),
        made="now",
        job="7",
    )
    write(submission, [Share(tuple(cells), 1.0, 2.0)])
    ledger = submission.folder / "submission.json"
    ledger.write_text(submission.model_dump_json())
    return submission


def test_a_task_runs_its_cells_and_says_how_that_ended(
    layout: Layout, caplog: pytest.LogCaptureFixture
) -> None:
    cells = [evaluate(0), evaluate(1, mode="nan")]
    with caplog.at_level("INFO"):
        ArrayTask(str(submitted(layout, cells).folder), 0)()
    assert list(states(layout, cells).values()) == ["done", "failed"]
    assert caplog.messages[-1] == "1 done, 1 failed, of 2"


def test_a_warning_before_the_first_cell_is_not_lost(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It comes while the task still waits for network disks; nothing is begun then."""
    cells = [evaluate(0, steps=1000, pause=0.1)]
    submission = submitted(layout, cells, requeues=0)
    found = runnable(layout, cells)

    def warned(*_: object) -> object:
        os.kill(os.getpid(), signal.SIGUSR2)
        return found

    monkeypatch.setattr(task, "runnable", warned)
    with caplog.at_level("INFO"):
        ArrayTask(str(submission.folder), 0)()
    assert caplog.messages[-1].startswith("0 done, 0 failed, of 1; out of time after 0 requeues")
    assert states(layout, cells) == {cells[0].id: "pending"}


def test_a_warning_after_the_last_cell_changes_nothing(layout: Layout) -> None:
    ArrayTask(str(submitted(layout, [evaluate(0)]).folder), 0)()
    os.kill(os.getpid(), signal.SIGUSR2)


def test_a_request_to_end_before_the_first_cell_is_not_lost(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    cells = [evaluate(0, steps=1000, pause=0.1)]
    submission = submitted(layout, cells)
    found = runnable(layout, cells)

    def ended(*_: object) -> object:
        os.kill(os.getpid(), signal.SIGTERM)
        return found

    monkeypatch.setattr(task, "runnable", ended)
    with caplog.at_level("INFO"):
        ArrayTask(str(submission.folder), 0)()
    assert caplog.messages[-1] == "0 done, 0 failed, of 1; stopped"
    assert states(layout, cells) == {cells[0].id: "pending"}


@pytest.mark.parametrize("requeues", [20, 0])
def test_the_script_is_told_of_a_request_to_end(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, requeues: int
) -> None:
    """It knows whether the task is preempted or cancelled."""
    submission = submitted(layout, [evaluate(0, steps=1000, pause=0.1)], requeues=requeues)
    monkeypatch.setenv(STEP, "0")
    threading.Timer(1.0, os.kill, (os.getpid(), signal.SIGTERM)).start()
    with suppress(SystemExit) if requeues == 0 else pytest.raises(SystemExit) as ended:
        ArrayTask(str(submission.folder), 0)()
    assert (ended.value.code if ended else 0) == (TOLD if requeues else 0)


def test_a_limit_that_is_near_is_kept_without_any_warning(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The warning was lost: nobody listened yet. From a job step, the script puts the task back."""
    monkeypatch.setattr(task, "process_age", lambda: 110.0)
    monkeypatch.setenv(STEP, "0")
    cells = [evaluate(0, steps=1000, pause=0.1)]
    submission = submitted(layout, cells, limit=120)
    with caplog.at_level("INFO"), pytest.raises(SystemExit) as ended:
        ArrayTask(str(submission.folder), 0)()
    assert ended.value.code == GO_BACK
    assert caplog.messages[-1].endswith("of 1; out of time, goes back into the queue")
    assert states(layout, cells) == {cells[0].id: "pending"}


def test_where_a_task_cannot_be_put_back_it_says_so(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As in a container without Slurm's commands."""
    monkeypatch.setenv("PATH", str(layout.results))
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    monkeypatch.setattr(task, "process_age", lambda: 110.0)
    submission = submitted(layout, [evaluate(0)], limit=120)
    with caplog.at_level("INFO"):
        ArrayTask(str(submission.folder), 0)()
    assert caplog.messages[-1].endswith("may not be requeued here; `severe run` goes on")


def test_what_ended_or_cannot_run_is_left_alone(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task, "NEWS_SECONDS", 0.0)
    world, *rest = cells = tree(1)
    assert runnable(layout, cells) == tuple(cells), "needs are among them"
    assert runnable(layout, rest) == (), "the dataset is not there"
    run_cells(layout, [world], Settings(LANES, runners=RUNNERS), lambda event: None)
    assert runnable(layout, cells) == tuple(rest)
