"""Staying until everything that was submitted has ended, and submitting what is left."""

import os
import time
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

from severe_bench.core.errors import Interrupted, UserError
from severe_bench.plan.cell import Cell
from severe_bench.run.cluster import slurm_commands
from severe_bench.run.cluster import submission as ledger
from severe_bench.run.cluster.cancelling import last_cancel
from severe_bench.run.cluster.looking import on_the_way
from severe_bench.run.cluster.run import Dispatched, dispatch_in_turn
from severe_bench.run.cluster.sbatch import NoRoomError, require_sbatch
from severe_bench.run.cluster.submit import Order
from severe_bench.run.cluster.turn import turn
from severe_bench.run.events import Note, Observer
from severe_bench.run.interrupts import Interrupts
from severe_bench.run.local import RunOutcome
from severe_bench.run.survey import survey
from severe_bench.store.events import read_events
from severe_bench.store.states import states

POLL_VARIABLE = "SEVERE_SLURM_POLL_SECONDS"
POLL_SECONDS = 10.0
IDLE_ROUNDS = 3
"""Rounds of jobs in which no cell ended or saved its state: then something is wrong."""
MOST_REFUSALS = 30
"""Polls in a row at which nothing could be submitted, for reasons that may pass."""


def run_to_end(
    order: Order, cells: Sequence[Cell], retry: Collection[str], observe: Observer
) -> RunOutcome:
    """Submit, wait, submit what is left, until nothing is.

    Jobs go on when this is interrupted; the same command waits for them again. When somebody
    cancels them with `severe cancel`, it ends as if interrupted.

    Raises:
        UserError: no Slurm here, the results folder cannot be used, or sbatch refuses.
    """
    require_sbatch(order.layout.results)
    with turn(order.layout, observe):
        cancelled_before = last_cancel(order.layout)
        first = dispatch_in_turn(order, cells, retry, observe)
    with Interrupts() as interrupts:
        waiting = _Waiting(order, cells, observe, interrupts, cancelled_before)
        last = waiting.to_the_end(first)
    if last.unfinished:
        last = replace(last, survey=survey(order.layout, cells, (), observe))
    stopped = bool(interrupts.count) or waiting.cancelled
    return _outcome(first, last, cells, interrupted=stopped)


def poll_seconds() -> float:
    """Seconds between two looks at the queue.

    Raises:
        UserError: the variable is no number.
    """
    text = os.environ.get(POLL_VARIABLE, str(POLL_SECONDS))
    try:
        return float(text)
    except ValueError as error:
        raise UserError(f"not a number: {text!r}", POLL_VARIABLE, "set it to seconds") from error


class _Waiting:
    """What a waiting run remembers between its looks at the queue."""

    def __init__(
        self,
        order: Order,
        cells: Sequence[Cell],
        observe: Observer,
        interrupts: Interrupts,
        cancelled_before: str,
    ) -> None:
        self._order, self._cells = order, cells
        self._observe, self._interrupts = observe, interrupts
        self._cancelled_before = cancelled_before
        self.cancelled = False
        self._told = ""
        self._idle = self._refusals = 0

    def to_the_end(self, last: Dispatched) -> Dispatched:
        """Wait and submit in turns; return the last turn."""
        while last.unfinished and not self.cancelled:
            self._tell_refusal(last)
            before = self._progress()
            tasks = self._until_there_is_room(last)
            if self._interrupts.count or self.cancelled:
                break
            if self._progress() > before:
                self._idle = 0
            elif tasks == 0 and last.submitted.made:
                self._idle += 1
            if self._idle >= IDLE_ROUNDS:
                self._tell(self._why_idle())
                break
            last = self._submit_again(last)
        return last

    def _tell_refusal(self, last: Dispatched) -> None:
        """What will not pass by waiting: the user may mend it meanwhile."""
        refusal, left = last.submitted.refusal, len(last.submitted.left)
        if refusal is not None and not isinstance(refusal, NoRoomError):
            self._tell(f"{left} cell(s) were not submitted: {refusal}")

    def _until_there_is_room(self, last: Dispatched) -> int:
        """Poll until all cells or tasks have ended, or half the tasks where cells wait for room.

        Cells that have ended on disk end the wait: a controller that crashed may list jobs as
        running that are long over. Two looks at an empty queue, for a task that goes back into it
        is in no list for a moment.
        """
        enough = last.tasks // 2 if last.submitted.left else 0
        before: int | None = None
        while True:
            self._sleep(poll_seconds())
            tasks = self._tasks()
            gone = self._all_ended() or tasks == before == 0
            stopped = self._interrupts.count or self._look_for_cancelling()
            if stopped or gone or (tasks is not None and 0 < tasks <= enough):
                return tasks or 0
            before = tasks

    def _look_for_cancelling(self) -> bool:
        """Whether somebody cancelled the suite's jobs since the first were submitted."""
        if last_cancel(self._order.layout) in {"", self._cancelled_before} or self._all_ended():
            return False
        self.cancelled = True
        self._tell("the jobs were cancelled by `severe cancel`")
        return True

    def _all_ended(self) -> bool:
        return set(states(self._order.layout, self._cells).values()) <= {"done", "failed"}

    def _tasks(self) -> int | None:
        """Tasks in the queue; None while the controller does not answer."""
        try:
            queue = on_the_way(self._order.layout)
        except UserError as error:
            self._tell(str(error))
            return None
        counts = Counter(states(self._order.layout, self._cells).values())
        held = f", {queue.held} of them held: `squeue --me` says why" if queue.held else ""
        self._tell(
            f"{counts['done']} done, {counts['running']} running, {counts['failed']} failed,"
            f" of {len(self._cells)} cells; {queue.tasks} task(s) in the queue{held}"
        )
        return queue.tasks

    def _submit_again(self, last: Dispatched) -> Dispatched:
        try:
            with turn(self._order.layout, self._observe, lambda: self._interrupts.count > 0):
                if self._look_for_cancelling():
                    return last
                again = dispatch_in_turn(self._order, self._cells, (), self._observe)
        except Interrupted:
            return last
        except UserError as error:
            self._refusals += 1
            if self._refusals >= MOST_REFUSALS:
                raise
            self._tell(f"{error}; trying again")
            return Dispatched(last.survey, frozenset(cell.id for cell in last.survey.to_run))
        self._refusals = 0
        if isinstance(again.submitted.refusal, NoRoomError):
            self._order = replace(self._order, site_tasks=max(1, again.all_tasks))
        return again

    def _progress(self) -> int:
        """Grows when a cell ends, and when one saves its state for the next job."""
        layout = self._order.layout
        found = states(layout, self._cells)
        ended = sum(state in {"done", "failed"} for state in found.values())
        begun = (cell for cell in self._cells if found[cell.id] in {"pending", "running"})
        events = (event for cell in begun for event in read_events(layout.folder(cell)))
        return ended + sum(event.event == "interrupted" for event in events)

    def _why_idle(self) -> str:
        """Where to look, and what accounting knows."""
        arrays = [array for array in ledger.submissions(self._order.layout) if array.job]
        counts = Counter(task.state for task in slurm_commands.accounted([arrays[-1].job]))
        said = ", ".join(f"{count} {state}" for state, count in counts.items())
        said = f" (sacct: {said})" if said else ""
        return f"jobs end without bringing cells to an end{said}; see {arrays[-1].logs}"

    def _tell(self, text: str) -> None:
        if text != self._told:
            self._told = text
            self._observe(Note(text))

    def _sleep(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self._interrupts.count:
            time.sleep(min(0.2, seconds))


def _outcome(
    first: Dispatched, last: Dispatched, cells: Sequence[Cell], *, interrupted: bool
) -> RunOutcome:
    found = last.survey
    waiting = {cell.id for cell in found.to_run} if last.unfinished else set()
    return RunOutcome(
        found=first.survey.done,
        done=tuple(sorted(found.done - first.survey.done)),
        failed=found.failed,
        blocked=found.blocked,
        impossible=found.impossible,
        quarantined=(*first.survey.quarantined, *found.quarantined),
        interrupted=interrupted,
        left=tuple(cell.id for cell in cells if cell.id in waiting),
    )
