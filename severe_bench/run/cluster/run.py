"""A run on a cluster: look at what is there, submit what is neither done nor on its way."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from severe_bench.core.errors import UserError
from severe_bench.plan.cell import Cell
from severe_bench.plan.job import DatasetJob, EvaluateJob
from severe_bench.plan.rows import row_kind
from severe_bench.run.cluster import slurm_commands
from severe_bench.run.cluster import submission as ledger
from severe_bench.run.cluster.profile import Asks, Profile
from severe_bench.run.cluster.sharing import Wave, waves
from severe_bench.run.cluster.submission import Submission
from severe_bench.run.cluster.submit import Order, Submitted, submit
from severe_bench.run.events import Note, Observer
from severe_bench.run.survey import Survey, survey
from severe_bench.run.videos import require_videos
from severe_bench.store.layout import Layout
from severe_bench.store.states import states


@dataclass(frozen=True)
class Dispatched:
    """How a round of submitting ended.

    Args:
        survey: what was found before.
        on_the_way: ids of cells that other tasks, or other runs, have already.
        submitted: what is in the queue now.
    """

    survey: Survey
    on_the_way: frozenset[str]
    submitted: Submitted


def dispatch(
    order: Order, cells: Sequence[Cell], retry: Collection[str], observe: Observer
) -> Dispatched:
    """Submit every cell that is neither done nor on its way.

    Submitting a cell twice does no harm: whoever claims it first computes it, the other one finds
    it taken, or done.

    Raises:
        UserError: no Slurm here, the results folder cannot be used, or sbatch refuses.
    """
    slurm_commands.require_slurm()
    found = survey(order.layout, cells, retry, observe)
    makers, alive = on_their_way(order.layout, observe)
    running = _claimed(order.layout, found.to_run)
    todo = [cell for cell in found.to_run if cell.id not in makers and cell.id not in running]
    taken = frozenset(cell.id for cell in found.to_run) - {cell.id for cell in todo}
    if not todo:
        return Dispatched(found, taken, Submitted((), ()))
    require_videos(todo)
    room = max(1, order.profile.most_tasks - alive)
    planned = plan_waves(order.profile, todo, found, room)
    submitted = submit(order, planned, makers, slurm_commands.limits().array)
    return Dispatched(found, taken, submitted)


def plan_waves(profile: Profile, todo: Sequence[Cell], found: Survey, room: int) -> list[Wave]:
    """The tasks that would be submitted."""

    def asks(cell: Cell) -> Asks:
        return profile.asks_of(cell, needs_gpu=runs_a_backbone(cell))

    return waves(todo, found.expect.seconds, asks, profile.task_minutes * 60, room)


def runs_a_backbone(cell: Cell) -> bool:
    """Whether clips go through a network in a cell: filming and probes on features do without."""
    job = cell.job
    if isinstance(job, DatasetJob):
        return False
    if not isinstance(job, EvaluateJob):
        return True
    return row_kind(job.task, job.task_options, job.protocol, job.recipe) is None


def on_their_way(layout: Layout, observe: Observer) -> tuple[dict[str, str], int]:
    """Cell id -> job that will make it, and how many tasks of this user wait or run.

    Where the controller does not answer, nothing is known to be on its way, and that is said.
    """
    try:
        tasks = slurm_commands.queued()
    except UserError as error:
        observe(Note(f"{error}; cells that wait there may be submitted twice, none runs twice"))
        return {}, 0
    makers: dict[str, str] = {}
    for array in ledger.submissions(layout):
        for number in slurm_commands.alive(array.job, tasks) if array.job else ():
            makers |= dict.fromkeys(_cells_of(array, number), array.job)
    return makers, len(tasks)


def jobs_of(layout: Layout) -> list[str]:
    """Jobs of a suite that are in the queue, oldest first.

    Raises:
        UserError: the controller does not answer.
    """
    tasks = slurm_commands.queued()
    arrays = [array for array in ledger.submissions(layout) if array.job]
    return [array.job for array in arrays if slurm_commands.alive(array.job, tasks)]


def _cells_of(array: Submission, number: int) -> tuple[str, ...]:
    return array.cells[number] if number < len(array.cells) else ()


def _claimed(layout: Layout, cells: Sequence[Cell]) -> set[str]:
    return {cell for cell, state in states(layout, cells).items() if state == "running"}
