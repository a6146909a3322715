"""`--wait` with a scheduler that only records: it neither gives up early nor waits for ever."""

import json
import os
import signal
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from severe_bench.core.errors import UserError
from severe_bench.plan.cell import Cell
from severe_bench.run.cluster import waiting
from severe_bench.run.cluster.cancelling import cancel_jobs, last_cancel
from severe_bench.run.cluster.profile import Asks, Profile
from severe_bench.run.cluster.run import dispatch
from severe_bench.run.cluster.submit import Order
from severe_bench.run.cluster.turn import turn
from severe_bench.run.cluster.waiting import IDLE_ROUNDS, POLL_VARIABLE, poll_seconds, run_to_end
from severe_bench.run.devices import ONE_THREAD, Lane
from severe_bench.run.events import Event, Note
from severe_bench.run.local import run_cells
from severe_bench.run.pool import Settings
from severe_bench.store.events import EventLog
from severe_bench.store.layout import Layout
from tests.run.cluster.fake_slurm import FakeSlurm
from tests.run.fake_kinds import RUNNERS
from tests.run.grids import evaluate, tree


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSlurm:
    fake = FakeSlurm.at(tmp_path / "bin")
    monkeypatch.setenv("PATH", fake.path)
    monkeypatch.setenv(POLL_VARIABLE, "0.01")
    return fake


@pytest.fixture
def cells() -> list[Cell]:
    return [evaluate(seed) for seed in range(2)]


@pytest.fixture
def order(tmp_path: Path) -> Order:
    layout = Layout(tmp_path / "results", "demo")
    return Order(layout, Profile(), runners=dict(RUNNERS))


def noting(then: Callable[[str], None]) -> Callable[[Event], None]:
    def observe(event: Event) -> None:
        assert isinstance(event, Note)
        then(event.text)

    return observe


def run_here(order: Order, cells: Sequence[Cell]) -> None:
    """As the tasks would."""
    settings = Settings((Lane("cpu 0", "cpu", ONE_THREAD),), runners=RUNNERS)
    run_cells(order.layout, cells, settings, lambda event: None)


def empty(slurm: FakeSlurm) -> None:
    slurm.ends(*json.loads((slurm.folder / "queue").read_text()))


def test_jobs_that_bring_nothing_are_not_submitted_for_ever(
    slurm: FakeSlurm, order: Order, cells: list[Cell]
) -> None:
    told: list[str] = []

    def then(text: str) -> None:
        told.append(text)
        empty(slurm)

    outcome = run_to_end(order, cells, (), noting(then))
    assert outcome.left == tuple(cell.id for cell in cells)
    assert outcome.exit_code == 1
    assert "jobs end without bringing cells to an end" in told[-1]
    assert len(slurm.calls("sbatch")) == IDLE_ROUNDS


def test_a_cell_that_saves_its_state_in_each_job_goes_on(
    slurm: FakeSlurm, order: Order, cells: list[Cell]
) -> None:
    """Where the site forbids requeueing, a long cell needs many jobs."""
    rounds = 0
    folder = order.layout.folder(cells[0])
    folder.mkdir(parents=True)

    def then(text: str) -> None:
        nonlocal rounds
        if "; 0 task(s)" in text:
            return
        rounds += 1
        if rounds <= IDLE_ROUNDS + 1:
            EventLog(folder).add("interrupted")
        else:
            lanes = (Lane("cpu 0", "cpu", ONE_THREAD),)
            settings = Settings(lanes, runners=RUNNERS)
            run_cells(order.layout, cells, settings, lambda event: None)
        empty(slurm)

    assert run_to_end(order, cells, (), noting(then)).exit_code == 0
    assert len(slurm.calls("sbatch")) > IDLE_ROUNDS


def test_a_controller_that_is_silent_for_a_while_is_waited_for(
    slurm: FakeSlurm, order: Order, cells: list[Cell]
) -> None:
    slurm.fails("squeue", "Unable to contact slurm controller")
    told: list[str] = []

    def then(text: str) -> None:
        told.append(text)
        if len(told) == 2:
            (slurm.folder / "squeue.says").unlink()
            run_here(order, cells)
        elif len(told) > 2:
            empty(slurm)

    assert run_to_end(order, cells, (), noting(then)).exit_code == 0
    assert sum("Unable to contact" in text for text in told) == 2


def test_refusals_do_not_last_for_ever(
    slurm: FakeSlurm, order: Order, cells: list[Cell], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "MOST_REFUSALS", 3)

    def then(text: str) -> None:
        slurm.fails("sbatch", "your account has expired")
        empty(slurm)

    with pytest.raises(UserError, match="account has expired"):
        run_to_end(order, cells, (), noting(then))


def test_a_queue_that_is_empty_for_a_moment_is_no_end(
    slurm: FakeSlurm, order: Order, cells: list[Cell]
) -> None:
    """While Slurm puts a task back, squeue lists it nowhere."""
    queue = slurm.folder / "queue"
    before = ""
    told: list[str] = []

    def then(text: str) -> None:
        nonlocal before
        told.append(text)
        if len(told) == 1:
            before = queue.read_text()
            empty(slurm)
        elif len(told) == 2:
            assert "; 0 task(s)" in text
            queue.write_text(before)
        elif len(told) == 3:
            run_here(order, cells)
            empty(slurm)

    assert run_to_end(order, cells, (), noting(then)).exit_code == 0
    assert len(slurm.calls("sbatch")) == 1


@pytest.mark.timeout(60)
def test_tasks_that_the_scheduler_lists_for_ever_are_not_waited_for(
    slurm: FakeSlurm, order: Order, cells: list[Cell]
) -> None:
    """A controller that crashed may list jobs as running that are long over."""
    told: list[str] = []

    def then(text: str) -> None:
        told.append(text)
        if len(told) == 1:
            run_here(order, cells)

    assert run_to_end(order, cells, (), noting(then)).exit_code == 0
    assert json.loads((slurm.folder / "queue").read_text())
    assert len(slurm.calls("sbatch")) == 1


def test_what_is_refused_for_good_is_said_at_once(slurm: FakeSlurm, order: Order) -> None:
    """While the rest runs: the user may mend the profile meanwhile."""
    slurm.knows_not("nope")
    half = replace(order, profile=Profile(gpu=Asks(partition="nope")))
    told: list[str] = []

    def then(text: str) -> None:
        told.append(text)
        if len(told) == 1:
            slurm.knows_not("")
        else:
            empty(slurm)

    run_to_end(half, tree(1), (), noting(then))
    assert "4 cell(s) were not submitted: sbatch refused: sbatch: error: invalid part" in told[0]


def test_a_run_that_waits_ends_when_its_jobs_are_cancelled(
    slurm: FakeSlurm, order: Order, cells: list[Cell]
) -> None:
    """As `severe cancel` does in another terminal."""
    told: list[str] = []

    def then(text: str) -> None:
        told.append(text)
        if len(told) == 1:
            run_here(order, cells[:1])
            assert cancel_jobs(order.layout, print) == ["1000"]

    outcome = run_to_end(order, cells, (), noting(then))
    assert told[-1] == "the jobs were cancelled by `severe cancel`"
    assert outcome.exit_code == 130
    assert outcome.done == (cells[0].id,), "what was done meanwhile is counted"
    assert outcome.left == (cells[1].id,)
    assert len(slurm.calls("sbatch")) == 1


def test_cancelling_and_submitting_again_take_turns(
    slurm: FakeSlurm, order: Order, cells: list[Cell]
) -> None:
    """Cancelled after it looked and before it submits: it looks once more when it has its turn."""
    told: list[str] = []

    def then(text: str) -> None:
        told.append(text)
        if "0 task(s)" in text:
            with turn(order.layout, print):
                thread = threading.Thread(target=cancel_jobs, args=(order.layout, print))
                thread.start()
            thread.join()
        empty(slurm)

    assert run_to_end(order, cells, (), noting(then)).exit_code == 130
    assert len(slurm.calls("sbatch")) == 1


@pytest.mark.timeout(60)
def test_ctrl_c_while_another_run_submits(
    slurm: FakeSlurm, order: Order, cells: list[Cell]
) -> None:
    with ExitStack() as other:

        def then(text: str) -> None:
            if "another `severe run` submits" in text:
                os.kill(os.getpid(), signal.SIGINT)
            elif "; 0 task(s)" in text:
                other.enter_context(turn(order.layout, print))
            else:
                empty(slurm)

        outcome = run_to_end(order, cells, (), noting(then))
    assert outcome.exit_code == 130
    assert len(slurm.calls("sbatch")) == 1


def test_another_user_cancels_jobs_of_his_own(
    slurm: FakeSlurm, order: Order, cells: list[Cell], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two people may fill one folder."""
    told: list[str] = []

    def then(text: str) -> None:
        told.append(text)
        if len(told) == 1:
            with monkeypatch.context() as other:
                other.setattr("os.getuid", lambda: 12345)
                queue = (slurm.folder / "queue").read_text()
                cancel_jobs(order.layout, print)
                (slurm.folder / "queue").write_text(queue)
        run_here(order, cells[: len(told)])

    assert run_to_end(order, cells, (), noting(then)).exit_code == 0
    assert not any("cancelled" in text for text in told)


def test_a_new_run_heeds_no_earlier_cancelling(
    slurm: FakeSlurm, order: Order, cells: list[Cell]
) -> None:
    dispatch(order, cells, (), lambda event: None)
    cancel_jobs(order.layout, print)

    def then(text: str) -> None:
        run_here(order, cells)

    assert run_to_end(order, cells, (), noting(then)).exit_code == 0


def test_nothing_to_cancel_makes_no_folder(slurm: FakeSlurm, order: Order) -> None:
    assert cancel_jobs(order.layout, print) == []
    assert not order.layout.results.exists()


def test_jobs_are_cancelled_where_nothing_can_be_written(
    slurm: FakeSlurm, order: Order, cells: list[Cell]
) -> None:
    """A full disk is a reason to cancel."""
    (array,) = dispatch(order, cells, (), lambda event: None).submitted.made
    (order.layout.results / "demo" / "slurm" / f"cancelled-{os.getuid()}").mkdir()
    told: list[str] = []
    assert cancel_jobs(order.layout, noting(told.append)) == [array.job]
    assert "end it with Ctrl-C" in told[0]


def test_runs_are_told_of_no_cancelling_that_could_not_begin(
    slurm: FakeSlurm, order: Order, cells: list[Cell]
) -> None:
    dispatch(order, cells, (), lambda event: None)
    slurm.fails("squeue", "Unable to contact slurm controller")
    with pytest.raises(UserError, match="Unable to contact"):
        cancel_jobs(order.layout, print)
    assert last_cancel(order.layout) == ""


def test_seconds_between_polls(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(POLL_VARIABLE, "soon")
    with pytest.raises(UserError, match="not a number"):
        poll_seconds()
