"""Staying until everything that was submitted has ended, and submitting what is left."""

import os
import time
from collections import Counter
from collections.abc import Collection, Sequence

from severe_bench.core.errors import UserError
from severe_bench.plan.cell import Cell
from severe_bench.run.cluster.run import Dispatched, dispatch, jobs_of
from severe_bench.run.cluster.submit import Order
from severe_bench.run.events import Note, Observer
from severe_bench.run.interrupts import Interrupts
from severe_bench.run.local import RunOutcome
from severe_bench.store.layout import Layout
from severe_bench.store.states import states

POLL_VARIABLE = "SEVERE_SLURM_POLL_SECONDS"
POLL_SECONDS = 10.0
IDLE_ROUNDS = 3
"""Rounds of jobs after which not one more cell has ended: then something is wrong."""


def run_to_end(
    order: Order, cells: Sequence[Cell], retry: Collection[str], observe: Observer
) -> RunOutcome:
    """Submit, wait, submit what is left, until nothing is.

    Jobs go on when this is interrupted; the same command waits for them again.

    Raises:
        UserError: no Slurm here, the results folder cannot be used, or sbatch refuses.
    """
    first = last = dispatch(order, cells, retry, observe)
    idle = 0
    with Interrupts() as interrupts:
        while (last.submitted.made or last.on_the_way) and idle < IDLE_ROUNDS:
            _await_jobs(order.layout, cells, observe, interrupts)
            if interrupts.count:
                break
            before = _ended(last)
            last = _again(order, cells, observe, last)
            idle = 0 if _ended(last) > before else idle + 1
    if idle:
        observe(Note("jobs end without bringing cells to an end; see the logs below slurm/"))
    return _outcome(first, last, interrupted=bool(interrupts.count))


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


def _await_jobs(
    layout: Layout, cells: Sequence[Cell], observe: Observer, interrupts: Interrupts
) -> None:
    told = ""
    while not interrupts.count:
        jobs = _jobs(layout, observe)
        counts = Counter(states(layout, cells).values())
        text = f"{counts['done']} done, {counts['running']} running, {counts['failed']} failed"
        if text != told:
            told = text
            observe(Note(f"{text}, of {len(cells)} cells; {len(jobs)} job(s) in the queue"))
        if not jobs:
            return
        _sleep(poll_seconds(), interrupts)


def _jobs(layout: Layout, observe: Observer) -> list[str]:
    """Jobs in the queue; while the controller does not answer, as if there were one."""
    try:
        return jobs_of(layout)
    except UserError as error:
        observe(Note(f"{error}"))
        return ["?"]


def _sleep(seconds: float, interrupts: Interrupts) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not interrupts.count:
        time.sleep(min(0.2, seconds))


def _again(order: Order, cells: Sequence[Cell], observe: Observer, last: Dispatched) -> Dispatched:
    try:
        return dispatch(order, cells, (), observe)
    except UserError as error:
        observe(Note(f"{error}; trying again"))
        time.sleep(poll_seconds())
        return last


def _ended(dispatched: Dispatched) -> int:
    return len(dispatched.survey.done) + len(dispatched.survey.failed)


def _outcome(first: Dispatched, last: Dispatched, *, interrupted: bool) -> RunOutcome:
    found = last.survey
    return RunOutcome(
        found=first.survey.done,
        done=tuple(sorted(found.done - first.survey.done)),
        failed=found.failed,
        blocked=found.blocked,
        impossible=found.impossible,
        quarantined=(*first.survey.quarantined, *found.quarantined),
        interrupted=interrupted,
    )
