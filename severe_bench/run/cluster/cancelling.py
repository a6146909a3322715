"""Cancelling a suite's jobs, and telling the runs that wait for them."""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from severe_bench.core.atomic import write_text
from severe_bench.core.errors import UserError
from severe_bench.run.cluster import slurm_commands
from severe_bench.run.cluster import submission as ledger
from severe_bench.run.cluster.looking import on_the_way
from severe_bench.run.cluster.turn import turn
from severe_bench.run.events import Note, Observer
from severe_bench.store.layout import Layout

CANCELLED = "cancelled"


def cancel_jobs(layout: Layout, observe: Observer) -> list[str]:
    """Cancel a suite's jobs; running cells save their state first. Returns the jobs.

    It waits for its turn, so that no other run submits meanwhile. Where nothing can be written,
    the jobs are cancelled all the same, but runs that wait are not told; nor are they where the
    controller does not say what there is to cancel.

    Raises:
        UserError: no Slurm here, or the controller does not answer.
    """
    slurm_commands.require_slurm()
    if not ledger.submissions_folder(layout).is_dir():
        return []
    with ExitStack() as held:
        with _or_say(observe):
            held.enter_context(turn(layout, observe))
        jobs = list(on_the_way(layout).jobs)
        with _or_say(observe):
            write_text(_mark(layout), ledger.new_name())
        slurm_commands.cancel(jobs)
    return jobs


@contextmanager
def _or_say(observe: Observer) -> Iterator[None]:
    try:
        yield
    except UserError as error:
        observe(Note(f"{error}; a run that waits submits the jobs again: end it with Ctrl-C"))


def last_cancel(layout: Layout) -> str:
    """What tells one cancelling by this user from the next; empty before the first."""
    try:
        return _mark(layout).read_text(encoding="utf-8")
    except OSError:
        return ""


def _mark(layout: Layout) -> Path:
    """One for each user: another's jobs in the same folder are not cancelled."""
    return ledger.submissions_folder(layout) / f"{CANCELLED}-{os.getuid()}"
