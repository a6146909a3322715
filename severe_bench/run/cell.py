"""Run one cell: claim it, compute it, store what came out. Local workers and clusters call this."""

import os
import shutil
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from severe_bench.core.errors import Interrupted, LostClaim
from severe_bench.core.remarks import heard_by
from severe_bench.core.session import Progress, Session
from severe_bench.plan.cell import Cell
from severe_bench.run import memory
from severe_bench.run.failures import diagnose, storage_error
from severe_bench.run.provenance import provenance
from severe_bench.run.reproduce import Invocation, reproducing
from severe_bench.run.sessions import open_session
from severe_bench.run.work import RUNNERS, Outputs, Work, runner_of
from severe_bench.store.adopt import adopt
from severe_bench.store.cells import (
    check,
    clean,
    output_files,
    read_failure,
    read_result,
    write_cell,
    write_failure,
    write_result,
)
from severe_bench.store.events import (
    RESUMED,
    Attempts,
    EventLog,
    attempts,
    close_attempt,
    comes_from_company,
)
from severe_bench.store.layout import CHECKPOINT, PROGRESS, Layout
from severe_bench.store.lock import BEAT_SECONDS, Claim, claim
from severe_bench.store.predictions import write_predictions
from severe_bench.store.quarantine import quarantine_damaged, require_intact_needs
from severe_bench.store.result import Cost, Failure, Result, told

EndState = Literal["done", "failed", "interrupted", "busy"]


@dataclass(frozen=True)
class How:
    """How cells are run here; nothing of it can change a number.

    Args:
        device: torch device string.
        invocation: how the user named the study; for the command that reproduces a cell.
        runners: job kind -> "module:function".
    """

    device: str = "cpu"
    invocation: Invocation = field(default_factory=Invocation)
    runners: Mapping[str, str] = field(default_factory=lambda: RUNNERS)


@dataclass(frozen=True)
class Ended:
    """How an attempt ended.

    Args:
        state: `busy`: another process holds the cell.
        seconds: wall time of all attempts at the cell.
        message: class and message of a failure.
    """

    state: EndState
    seconds: float = 0.0
    message: str = ""


def run_cell(
    layout: Layout,
    cell: Cell,
    how: How,
    stop: Callable[[], bool],
    tell: Callable[[Progress], None],
) -> Ended:
    """Bring a cell to an end, from its checkpoint if there is one.

    What is finished, here or in another suite, or failed meanwhile is not run again. An exception
    of the cell's own becomes its stored failure.

    Args:
        layout: where it is stored.
        cell: its needs are done.
        how: device and the like.
        stop: polled by the cell; true asks for a checkpoint and an end.
        tell: takes progress about twice a second.

    Raises:
        UserError: the results folder cannot be written; or features or weights that it needs are
            damaged, and were set aside.
    """
    with holding(layout, cell) as held:
        if held is None:
            return Ended("busy")
        try:
            ended = settled(layout, cell)
            if ended is None:
                require_intact_needs(layout, cell)
            return ended or _attempt(layout, cell, how, held, stop, tell)
        except LostClaim:
            return Ended("busy")


@contextmanager
def holding(layout: Layout, cell: Cell) -> Iterator[Claim | None]:
    """Keep a cell from other processes during the block; None where another one has it."""
    folder = layout.folder(cell)
    quarantine_damaged(layout, folder)
    held = claim(folder)
    if held is None:
        yield None
        return
    try:
        if held.dead_since is not None:
            close_attempt(folder, held.dead_since)
        with _beating(held):
            yield held
    finally:
        held.release()


@contextmanager
def _beating(held: Claim) -> Iterator[None]:
    over = threading.Event()

    def beat() -> None:
        while not over.wait(BEAT_SECONDS):
            with suppress(OSError):  # a network disk that hiccups; the next beat may do
                held.beat()

    thread = threading.Thread(target=beat, daemon=True, name="heartbeat")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def settled(layout: Layout, cell: Cell) -> Ended | None:
    """How the cell ended already, by this run's luck or another's work; None when it has not."""
    folder = layout.folder(cell)
    result = check(folder)
    if result is None and adopt(layout, cell):
        result = check(folder)
    if result is not None:
        return Ended("done", result.cost.seconds)
    failure = read_failure(folder)
    if failure is not None:
        return Ended("failed", message=failure.told)
    return None


def _attempt(
    layout: Layout,
    cell: Cell,
    how: How,
    held: Claim,
    stop: Callable[[], bool],
    tell: Callable[[Progress], None],
) -> Ended:
    folder = layout.folder(cell)
    log = EventLog(folder)
    try:
        runner = runner_of(cell.job.kind, how.runners)  # its imports are not the cell's time
        _begin(folder, cell, log)
        session = _while_held(held, open_session(layout, cell, how.device, log, stop, tell))
        with heard_by(lambda text: log.add("remark", note=text)):
            outputs = runner(Work(cell, session))
        return _finish(layout, cell, how, held, log, outputs)
    except LostClaim:
        raise
    except Interrupted:
        held.confirm()
        log.add("interrupted")
        return Ended("interrupted", attempts(folder).seconds)
    except Exception as error:
        held.confirm()
        if stop():  # a cluster that ends a job signals all its processes: loaders die first
            log.add("interrupted", note=f"{type(error).__name__} after the request to stop")
            return Ended("interrupted", attempts(folder).seconds)
        mendable = storage_error(error, folder)
        if mendable is not None:
            raise mendable from error
        return _fail(folder, cell, log, error)


def _while_held(held: Claim, session: Session) -> Session:
    """A session whose work ends, without a checkpoint, as soon as the cell is another process's."""

    def check() -> None:
        if held.lost:
            raise LostClaim(str(held.folder))

    def should_stop() -> bool:
        check()
        return session.should_stop()

    def report(progress: Progress) -> None:
        check()
        session.report(progress)

    return replace(session, should_stop=should_stop, report=report)


def _begin(folder: Path, cell: Cell, log: EventLog) -> None:
    clean(folder)
    write_cell(folder, cell)
    resumed = (folder / CHECKPOINT).exists() and not comes_from_company(folder)
    note = RESUMED if resumed else ""
    log.start(host=socket.gethostname(), pid=os.getpid(), note=note)
    memory.begin()


def _finish(
    layout: Layout, cell: Cell, how: How, held: Claim, log: EventLog, outputs: Outputs
) -> Ended:
    folder = layout.folder(cell)
    held.confirm()
    if outputs.predictions is not None:
        write_predictions(folder, outputs.predictions)
    held.confirm()
    log.add("finished")
    past = attempts(folder)
    cost = Cost(
        seconds=round(past.seconds, 3),
        peak_memory_bytes=memory.peak(how.device),
        clips=outputs.clips,
        attempts=past.count,
    )
    files = output_files(folder)
    command = reproducing(cell, layout.suite, how.invocation)
    result = Result(
        cell=cell.id,
        kind=cell.job.kind,
        label=cell.label,
        metrics=outputs.metrics,
        cost=cost,
        missing=dict(outputs.missing),
        selected_on="" if outputs.selected_epoch is None else "test",
        selected_epoch=outputs.selected_epoch,
        provenance=provenance(outputs, how.device, _with_needed(past, layout, cell), command),
        files={name: file for name, file in files.items() if name not in outputs.leftovers},
    )
    held.confirm()
    write_result(folder, result)
    _tidy(folder, outputs)
    return Ended("done", cost.seconds)


def _with_needed(past: Attempts, layout: Layout, cell: Cell) -> Attempts:
    """With the remarks of the cells that the number was made from."""
    needed = (read_result(layout.needed(need)) for need in cell.needs.values())
    theirs = (remark for result in needed if result for remark in result.provenance.remarks)
    return past.model_copy(update={"remarks": tuple(dict.fromkeys((*theirs, *past.remarks)))})


def _tidy(folder: Path, outputs: Outputs) -> None:
    for name in (CHECKPOINT, PROGRESS, *outputs.leftovers):
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _fail(folder: Path, cell: Cell, log: EventLog, error: Exception) -> Ended:
    found = diagnose(error)
    log.add("failed", note=found.failure_class)
    failure = Failure(
        cell=cell.id,
        failure_class=found.failure_class,
        message=found.message,
        traceback=found.traceback,
        hint=found.hint,
        attempts=attempts(folder).count,
        time=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    write_failure(folder, failure)
    return Ended("failed", message=told(found.failure_class, found.message))
