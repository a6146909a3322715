"""What of a suite is in Slurm's queue: the submissions on disk held against one call of squeue."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from severe_bench.core.errors import UserError
from severe_bench.run.cluster import slurm_commands
from severe_bench.run.cluster import submission as ledger
from severe_bench.run.cluster.slurm_commands import Queued
from severe_bench.run.cluster.submission import Submission
from severe_bench.run.events import Note, Observer
from severe_bench.store.layout import Layout


@dataclass(frozen=True)
class OnTheWay:
    """What waits or runs.

    Args:
        makers: cell id -> job that will make it.
        jobs: of this suite, oldest first.
        tasks: of this suite.
        all_tasks: of this user; sites limit them.
        parallel: tasks of this suite that may run at once.
        held: tasks of this suite that run when somebody releases them.
    """

    makers: dict[str, str] = field(default_factory=dict)
    jobs: tuple[str, ...] = ()
    tasks: int = 0
    all_tasks: int = 0
    parallel: int = 0
    held: int = 0


def on_the_way(layout: Layout) -> OnTheWay:
    """Look at the queue once.

    A task is known by its script, which lies in its submission's folder: numbers of jobs are given
    again, by another cluster or years later, and a number that was never noted, because the run
    that submitted it was killed, is found.

    Raises:
        UserError: the controller does not answer.
    """
    queue = slurm_commands.queued()
    arrays = {array.name: array for array in ledger.submissions(layout)}
    ours = [(task, arrays[name]) for task in queue if (name := _folder_of(task)) in arrays]
    alive = Counter(array.name for _, array in ours)
    return OnTheWay(
        makers={cell: task.job for task, array in ours for cell in _cells_of(array, task.number)},
        jobs=tuple(dict.fromkeys(task.job for task, _ in sorted(ours, key=_age))),
        tasks=len(ours),
        all_tasks=len(queue),
        parallel=sum(min(arrays[name].parallel, count) for name, count in alive.items()),
        held=sum(task.held for task, _ in ours),
    )


def told_on_the_way(layout: Layout, observe: Observer) -> OnTheWay:
    """Likewise; where the controller does not answer, nothing is known, and that is said."""
    try:
        return on_the_way(layout)
    except UserError as error:
        observe(Note(f"{error}; cells that wait there may be submitted twice, none runs twice"))
        return OnTheWay()


def queued_cells(layout: Layout) -> frozenset[str]:
    """Cells in the queue, for people who look; nobody is asked where nothing was submitted.

    Where Slurm does not answer there are none: what is done and what runs is read from disk anyway.
    """
    if not ledger.submissions_folder(layout).is_dir():
        return frozenset()
    try:
        return frozenset(on_the_way(layout).makers)
    except UserError:
        return frozenset()


def _age(found: tuple[Queued, Submission]) -> str:
    return found[1].name


def _folder_of(task: Queued) -> str:
    """Name of the submission that a task's script says that it belongs to."""
    parts = Path(task.script).parts
    return parts[-3] if len(parts) >= 3 and parts[-2] == ledger.LOGS else ""


def _cells_of(array: Submission, number: int) -> tuple[str, ...]:
    return array.cells[number] if number < len(array.cells) else ()
