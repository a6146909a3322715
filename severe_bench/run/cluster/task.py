"""What runs in a job: one task's cells, one after another, until they are done or time is up."""

import logging
import os
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from severe_bench.core.errors import UserError
from severe_bench.plan.cell import Cell
from severe_bench.plan.expect import Expectations
from severe_bench.run.cluster.slurm_commands import requeue, this_task
from severe_bench.run.cluster.submission import Submission, read, read_task
from severe_bench.run.cluster.time_up import TimeUp, process_age
from severe_bench.run.devices import Lane, lanes
from severe_bench.run.events import Event, Failed, Finished, Note, Retried, Started, Stopped
from severe_bench.run.pool import Pool, Settings
from severe_bench.run.queue import Queue
from severe_bench.store.layout import Layout
from severe_bench.store.states import states

GRACE_SECONDS = 25.0
"""To save the running cell's state: Slurm kills 30 s after it has asked, by default."""
NEWS_SECONDS = 60.0
"""How long a finished cell of another node may take to be seen: network disks keep old listings."""
RESTARTS = "SLURM_RESTART_COUNT"
STEP = "SLURM_STEP_ID"
GO_BACK = 99
"""Exit status of a task that is to go back into the queue; the array's script looks for it."""
WARNED = 128 + signal.SIGUSR2
"""... and of one that the warning killed, because it came before Python listened."""

TOLD = 98
"""... of one that was told to end by SIGTERM: it goes back where Slurm says it is preempted."""
KILLED = 128 + signal.SIGTERM
"""... and of one that SIGTERM killed before Python listened."""

_log = logging.getLogger("severe")


@dataclass(frozen=True)
class ArrayTask:
    """One task of an array; submitit pickles it, so it names its work and holds none of it."""

    folder: str
    number: int

    def __call__(self) -> None:
        """Run the task's cells; the last line of its log says how that ended."""
        logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
        timer = TimeUp.listening()
        submission = read(Path(self.folder))
        if submission.limit_seconds is not None:
            left = submission.limit_seconds - process_age()
            timer.at_latest(left, submission.warning_seconds)
        cells = runnable(submission.layout, read_task(submission, self.number))
        pool = _pool(submission, cells, timer)
        pool.run()
        end = pool.endings
        ended = f"{len(end.done)} done, {len(end.failed)} failed, of {len(cells)}"
        if len(cells) == len(end.done) + len(end.failed) + len(end.blocked):
            _log.info(ended)
        elif timer.rang:
            _go_back(submission, ended)
        else:
            _log.info(f"{ended}; stopped")
            _tell_script(submission)


def runnable(layout: Layout, cells: Sequence[Cell]) -> tuple[Cell, ...]:
    """Those of a task's cells that have not ended and whose needs are done or among them.

    The others are left alone: a need failed, or is still being made. The next `severe run` judges.
    """
    there = states(layout, cells)
    deadline = time.monotonic() + NEWS_SECONDS
    chosen: dict[str, Cell] = {}
    for cell in cells:
        if there[cell.id] in {"done", "failed"}:
            continue
        outside = [need for need in cell.needs.values() if need not in chosen]
        if all(_made(layout, need, deadline) for need in outside):
            chosen[cell.id] = cell
        else:
            _log.info("left for later, a cell that it needs is not done: %s", cell.title)
    return tuple(chosen.values())


def _made(layout: Layout, need: str, deadline: float) -> bool:
    while True:
        try:
            layout.needed(need)
        except UserError:
            if time.monotonic() > deadline:
                return False
            time.sleep(2.0)
        else:
            return True


def _pool(submission: Submission, cells: Sequence[Cell], timer: TimeUp) -> Pool:
    settings = Settings(
        lanes=task_lanes(submission),
        timeout=submission.timeout,
        grace=GRACE_SECONDS,
        invocation=submission.invocation,
        runners=submission.runners,
        stop=timer,
    )
    expect = Expectations()
    return Pool(submission.layout, Queue(cells, expect.seconds), settings, expect, _say, 0)


def task_lanes(submission: Submission) -> tuple[Lane, ...]:
    """Every GPU that the task was given, or as many CPU lanes as it asked for."""
    if submission.asks.gpus:
        return lanes("cuda")
    return lanes("cpu")[: submission.asks.cpus or 1]


def _go_back(submission: Submission, ended: str) -> None:
    """Into the queue, for a task that ran out of time.

    From a job step the script does it, for there may be no `scontrol` in a container that Python
    runs in.

    Raises:
        SystemExit: with the status that tells the script so.
    """
    restarts = int(os.environ.get(RESTARTS, "0"))
    if restarts >= submission.requeues:
        _log.info(f"{ended}; out of time after {restarts} requeues; `severe run` goes on")
        return
    if STEP in os.environ:
        _log.info(f"{ended}; out of time, goes back into the queue")
        raise SystemExit(GO_BACK)
    if not requeue(this_task()):
        _log.info(f"{ended}; out of time, and may not be requeued here; `severe run` goes on")
        return
    _log.info(f"{ended}; out of time, requeued")
    time.sleep(GRACE_SECONDS)  # Slurm ends this process meanwhile


def _tell_script(submission: Submission) -> None:
    """Let the script look whether the task is preempted: Slurm takes its end for good.

    Only a job step is told to end before its time of grace is over.

    Raises:
        SystemExit: with the status that tells the script so.
    """
    if STEP in os.environ and submission.requeues:
        raise SystemExit(TOLD)


def _say(event: Event) -> None:
    if isinstance(event, Started):
        _log.info("started   %s", event.cell.title)
    elif isinstance(event, Finished):
        _log.info("done      %s in %.1f s", event.cell.title, event.seconds)
    elif isinstance(event, Failed):
        _log.info("FAILED    %s: %s", event.cell.title, event.message)
    elif isinstance(event, Retried):
        _log.info("again     %s: %s", event.cell.title, event.reason)
    elif isinstance(event, Stopped):
        _log.info("stopped   %s", event.cell.title)
    elif isinstance(event, Note):
        _log.info("%s", event.text)
