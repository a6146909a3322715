"""What of a suite is in Slurm's queue: the submissions on disk held against one call of squeue."""

from dataclasses import dataclass, field

from severe_bench.core.errors import UserError
from severe_bench.run.cluster import slurm_commands
from severe_bench.run.cluster import submission as ledger
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

    Raises:
        UserError: the controller does not answer.
    """
    queue = slurm_commands.queued()
    alive = slurm_commands.numbers_by_job(queue)
    arrays = [array for array in ledger.submissions(layout) if array.job in alive]
    ours = {array.job for array in arrays}
    return OnTheWay(
        makers={
            cell: array.job
            for array in arrays
            for number in alive[array.job]
            for cell in _cells_of(array, number)
        },
        jobs=tuple(array.job for array in arrays),
        tasks=sum(len(alive[array.job]) for array in arrays),
        all_tasks=len(queue),
        parallel=sum(min(array.parallel, len(alive[array.job])) for array in arrays),
        held=sum(task.held and task.task.partition("_")[0] in ours for task in queue),
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


def _cells_of(array: Submission, number: int) -> tuple[str, ...]:
    return array.cells[number] if number < len(array.cells) else ()
