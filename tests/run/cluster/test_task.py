"""What a task does with its cells, without any scheduler."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from severe_bench.run.cluster import task
from severe_bench.run.cluster.profile import Asks
from severe_bench.run.cluster.sharing import Share
from severe_bench.run.cluster.submission import Submission, write
from severe_bench.run.cluster.task import ArrayTask, TimeUp, runnable
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
    before = signal.getsignal(signal.SIGUSR2)
    yield
    signal.signal(signal.SIGUSR2, before)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "results", "demo")


def submitted(layout: Layout, cells: list, requeues: int = 20) -> Submission:
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


def test_time_up_is_asked_about() -> None:
    timer = TimeUp.listening()
    assert not timer()
    os.kill(os.getpid(), signal.SIGUSR2)
    assert timer()


def test_what_ended_or_cannot_run_is_left_alone(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task, "NEWS_SECONDS", 0.0)
    world, *rest = cells = tree(1)
    assert runnable(layout, cells) == tuple(cells), "needs are among them"
    assert runnable(layout, rest) == (), "the dataset is not there"
    run_cells(layout, [world], Settings(LANES, runners=RUNNERS), lambda event: None)
    assert runnable(layout, cells) == tuple(rest)
