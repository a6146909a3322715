"""Workers on lanes, fed from a queue until it is empty."""

import selectors
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from severe_bench.core.errors import UserError
from severe_bench.plan.cell import Cell
from severe_bench.plan.expect import Expectations
from severe_bench.run.company import Companies
from severe_bench.run.devices import Lane
from severe_bench.run.endings import Endings
from severe_bench.run.events import (
    Note,
    Observer,
    Outlook,
    Progressed,
    Started,
    Stopped,
)
from severe_bench.run.interrupts import Interrupts
from severe_bench.run.leases import lease
from severe_bench.run.messages import Broken, Over, Reply, Start, Told
from severe_bench.run.process import Process
from severe_bench.run.queue import Queue
from severe_bench.run.reproduce import Invocation
from severe_bench.run.sessions import Every
from severe_bench.run.work import RUNNERS
from severe_bench.store.layout import Layout
from severe_bench.store.states import state_of

LISTEN_SECONDS = 0.2
POLL_SECONDS = 0.5
OUTLOOK_SECONDS = 1.0
CLOSE_SECONDS = 5.0
FALSE_STARTS = 3


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Settings:
    """How a local run works; nothing of it can change a number.

    Args:
        lanes: where workers run.
        retry: classes of failure to try again, or `failed` for all.
        timeout: seconds that one cell may take in one go, or None.
        grace: seconds that a worker has to checkpoint when asked to stop.
        losses: how often a cell whose worker died is tried again in this run.
        invocation: how the user named the study; for the command that reproduces a cell.
        runners: job kind -> "module:function".
        stop: whether to stop, asked again and again; Ctrl-C and SIGTERM do without it.
    """

    lanes: tuple[Lane, ...]
    retry: frozenset[str] = frozenset()
    timeout: float | None = None
    grace: float = 30.0
    losses: int = 2
    invocation: Invocation = field(default_factory=Invocation)
    runners: Mapping[str, str] = field(default_factory=lambda: RUNNERS)
    stop: Callable[[], bool] = _never


class Pool:
    """One run's workers.

    A worker that dies costs its cell's work since the checkpoint, no more. A cell that another run
    holds is waited for, and taken over when that run dies.

    Args:
        layout: of the suite.
        queue: cells to run.
        settings: lanes and patience.
        expect: learns from each finished cell.
        observe: is told what happens.
        found: number of cells of this run that were done before.

    Attributes:
        endings: what became of its cells.
        interrupted: whether the user, or `settings.stop`, ended it.
    """

    def __init__(
        self,
        layout: Layout,
        queue: Queue,
        settings: Settings,
        expect: Expectations,
        observe: Observer,
        found: int,
    ) -> None:
        self._layout, self._queue, self._settings = layout, queue, settings
        self._expect, self._observe, self._found = expect, observe, found
        real = settings.runners.get("evaluate") == RUNNERS["evaluate"]
        self._companies = Companies(queue.left if real else (), queue)
        self._total = found + len(queue.left)
        self._processes: dict[str, Process] = {}
        self._last: dict[str, Cell] = {}
        self._false_starts = 0
        self._told: set[str] = set()
        self._selector = selectors.DefaultSelector()
        self._poll_due, self._outlook_due = Every(POLL_SECONDS), Every(OUTLOOK_SECONDS)
        self.endings = Endings(layout, queue, expect, observe, settings.losses)
        self.interrupted = False

    def run(self) -> None:
        """Run until every cell has ended, or the user interrupts.

        Raises:
            UserError: the results folder cannot be used, or workers do not start.
        """
        with self._selector, Interrupts() as interrupts:
            try:
                self._tell_outlook()
                while self._unfinished and not self._asked_to_stop(interrupts):
                    self._fill()
                    self._listen()
                    self._watch()
                if self._asked_to_stop(interrupts):
                    self.interrupted = True
                    self._wind_down(interrupts)
            finally:
                self._end()
        self._tell_outlook()

    def _asked_to_stop(self, interrupts: Interrupts) -> bool:
        return interrupts.count > 0 or self._settings.stop()

    @property
    def _busy(self) -> list[Process]:
        return [process for process in self._processes.values() if process.cell is not None]

    @property
    def _unfinished(self) -> bool:
        return bool(self._queue.has_ready or self._busy or self.endings.elsewhere)

    def _fill(self) -> None:
        for lane in self._settings.lanes:
            process = self._processes.get(lane.name)
            if process is not None and not process.free:
                continue
            if not self._queue.has_ready:
                self._hand_back(process)
                continue
            process = process or self._start(lane)
            cell = None if process is None else self._take(lane)
            if process is not None and cell is not None:
                idle = len(self._settings.lanes) - len(self._busy)
                process.assign(cell, self._companies.form(cell, idle))
                self._observe(Started(cell, lane.name))

    def _take(self, lane: Lane) -> Cell | None:
        """The next cell that no other run has done since the survey."""
        while self._queue.has_ready:
            cell = self._queue.take(self._last.get(lane.name))
            if state_of(self._layout.folder(cell)) != "done":
                return cell
            self.endings.look_elsewhere(cell)
        return None

    def _hand_back(self, process: Process | None) -> None:
        """Leave a device that others may want when nothing is left for it to do."""
        left = self._queue.left or any(busy.fellows for busy in self._busy)
        if process is not None and process.lane.lease and not left:
            process.stop()

    def _start(self, lane: Lane) -> Process | None:
        """A worker on a lane; None where another run has the device."""
        held = lease(lane.lease) if lane.lease else None
        if lane.lease and held is None:
            self._tell_once(f"{lane.name} is used by another run; it is taken when that is over")
            return None
        start = Start(
            results=str(self._layout.results),
            suite=self._layout.suite,
            device=lane.device,
            invocation=self._settings.invocation,
            runners=dict(self._settings.runners),
        )
        process = Process(lane, start, held)
        self._processes[lane.name] = process
        self._selector.register(process, selectors.EVENT_READ, process)
        return process

    def _tell_once(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            self._observe(Note(text))

    def _listen(self) -> None:
        for key, _ in self._selector.select(LISTEN_SECONDS):
            process: Process = key.data
            replies = process.read()
            if replies is None:
                self._gone(process)
            for reply in replies or ():
                self._hear(process, reply)

    def _hear(self, process: Process, reply: Reply) -> None:
        if not process.ready:
            self._false_starts = 0
            process.begin()
        if isinstance(reply, Broken):
            raise UserError(reply.what, reply.where, reply.mend)
        if process.cell is None:
            return
        if isinstance(reply, Told):
            self._observe(Progressed(process.cell, process.lane.name, reply.progress))
        elif isinstance(reply, Over):
            self._over(process, process.cell, reply)

    def _over(self, process: Process, cell: Cell, reply: Over) -> None:
        if reply.state == "interrupted":
            return  # it still has its cell, and ends: see _gone
        process.cell, self._last[process.lane.name] = None, cell
        self._companies.dissolve(process)
        if reply.state == "done":
            self.endings.is_done(cell, reply.seconds)
        elif reply.state == "failed":
            self.endings.has_failed(cell, reply.message)
        else:
            self.endings.is_elsewhere(cell)

    def _gone(self, process: Process) -> None:
        """A worker has ended, asked or not; what becomes of its cell."""
        self._selector.unregister(process)
        del self._processes[process.lane.name]
        how = process.wait(CLOSE_SECONDS)
        if not process.ready:
            self._check_false_start(process)
        cell, process.cell = process.cell, None
        in_company = bool(process.fellows)
        self._companies.dissolve(process)
        if cell is None:
            return
        if self.interrupted:
            self._observe(Stopped(cell))
        elif process.stopping_since is not None:
            self.endings.give_up(cell, "timeout", f"took more than {self._settings.timeout:g} s")
        elif process.ready and in_company:
            self.endings.lost_in_company(cell, how)
        elif process.ready:
            self.endings.lost(cell, how)
        else:
            self._queue.put_back(cell)

    def _check_false_start(self, process: Process) -> None:
        self._false_starts += 1
        if self._false_starts >= FALSE_STARTS:
            words = process.last_words().splitlines()
            reason = words[-1] if words else "it said nothing"
            raise UserError(f"workers do not start: {reason}", mend="run `severe doctor`")

    def _watch(self) -> None:
        for process in self._busy:
            self._check_time(process)
        if self.endings.elsewhere and self._poll_due():
            for cell in list(self.endings.elsewhere.values()):
                self.endings.look_elsewhere(cell)
        if self._outlook_due():
            self._tell_outlook()

    def _check_time(self, process: Process) -> None:
        timeout, asked = self._settings.timeout, process.stopping_since
        if asked is not None and time.monotonic() - asked > self._settings.grace:
            process.kill()
        elif timeout is not None and process.ready and process.busy_seconds_each > timeout:
            process.stop()

    def _tell_outlook(self) -> None:
        done, failed = self._found + len(self.endings.done), len(self.endings.failed)
        self._observe(
            Outlook(
                total=self._total - len(self.endings.blocked),
                done=done,
                failed=failed,
                running=len(self._busy),
                seconds_left=self._seconds_left(),
                elsewhere=len(self.endings.elsewhere),
            )
        )

    def _seconds_left(self) -> float:
        running = [
            max(0.0, sum(map(self._expect.seconds, process.cells)) - process.busy_seconds)
            for process in self._busy
        ]
        waiting = sum(self._expect.seconds(cell) for cell in self._queue.left)
        return max([(waiting + sum(running)) / len(self._settings.lanes), *running])

    def _wind_down(self, interrupts: Interrupts) -> None:
        """Let running cells checkpoint; a second interrupt, or the end of grace, cuts them off."""
        deadline = time.monotonic() + self._settings.grace
        if self._busy:
            self._observe(Note("stopping: running cells save their state; Ctrl-C again cuts off"))
        for process in self._busy:
            process.stop()
        while self._busy and interrupts.count < 2 and time.monotonic() < deadline:
            self._listen()

    def _end(self) -> None:
        """End every worker: idle ones at once, the others by a checkpoint or by force."""
        for process in self._processes.values():
            if process.cell is None:
                process.close()
            else:
                process.stop()
        for process in self._processes.values():
            hurried = process.cell is None or self.interrupted
            process.wait(CLOSE_SECONDS if hurried else self._settings.grace)
        self._processes.clear()
