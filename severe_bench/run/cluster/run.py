"""A run on a cluster: look at what is there, submit what is neither done nor on its way."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

from severe_bench.plan.cell import Cell
from severe_bench.plan.expect import MARGIN, Expectations, Span
from severe_bench.plan.job import DatasetJob, EvaluateJob
from severe_bench.plan.rows import row_kind
from severe_bench.run.cluster import slurm_commands
from severe_bench.run.cluster.killed import note_out_of_memory
from severe_bench.run.cluster.looking import OnTheWay, told_on_the_way
from severe_bench.run.cluster.profile import Asks, Profile
from severe_bench.run.cluster.sbatch import NoRoomError, require_sbatch
from severe_bench.run.cluster.sharing import Wave, waves
from severe_bench.run.cluster.submit import Order, Room, Submitted, submit
from severe_bench.run.cluster.turn import turn
from severe_bench.run.events import Observer
from severe_bench.run.survey import Survey, survey
from severe_bench.store.layout import Layout
from severe_bench.store.states import states


@dataclass(frozen=True)
class Dispatched:
    """How a round of submitting ended.

    Args:
        survey: what was found before.
        on_the_way: ids of cells that other tasks, or other runs, have already.
        submitted: what is in the queue now.
        tasks: of this suite, in the queue now.
        all_tasks: of this user.
    """

    survey: Survey
    on_the_way: frozenset[str] = frozenset()
    submitted: Submitted = field(default_factory=Submitted)
    tasks: int = 0
    all_tasks: int = 0

    @property
    def unfinished(self) -> bool:
        """Whether there is anything to wait for."""
        return bool(self.submitted.made or self.submitted.left or self.on_the_way)


def dispatch(
    order: Order, cells: Sequence[Cell], retry: Collection[str], observe: Observer
) -> Dispatched:
    """Submit every cell that is neither done nor on its way.

    Submitting a cell twice does no harm: whoever claims it first computes it, the other one finds
    it taken, or done.

    Raises:
        UserError: no Slurm here, the results folder cannot be used, or sbatch refuses for another
            reason than that the user's tasks fill the queue.
    """
    require_sbatch(order.layout.results)
    with turn(order.layout, observe):
        return dispatch_in_turn(order, cells, retry, observe)


def dispatch_in_turn(
    order: Order, cells: Sequence[Cell], retry: Collection[str], observe: Observer
) -> Dispatched:
    """As `dispatch`, for who has the turn already."""
    found = survey(order.layout, cells, retry, observe)
    if note_out_of_memory(order.layout, found.to_run):
        found = survey(order.layout, cells, (), observe)
    queue = told_on_the_way(order.layout, observe)
    running = _claimed(order.layout, found.to_run)
    busy = {*queue.makers, *running}
    todo = [cell for cell in found.to_run if cell.id not in busy]
    taken = frozenset(cell.id for cell in found.to_run) - {cell.id for cell in todo}
    if not todo:
        return Dispatched(found, taken, tasks=queue.tasks)
    planned = plan_waves(order.profile, todo, found)
    submitted = submit(order, planned, queue.makers, _room(order, queue))
    refusal = submitted.refusal
    may_pass = isinstance(refusal, NoRoomError) and queue.all_tasks > 0
    if refusal and not submitted.made and not may_pass:
        raise refusal
    new = sum(len(array.cells) for array in submitted.made)
    return Dispatched(found, taken, submitted, queue.tasks + new, queue.all_tasks + new)


def plan_waves(profile: Profile, todo: Sequence[Cell], found: Survey) -> list[Wave]:
    """The tasks that would be submitted, were there nothing in the queue."""

    def asks(cell: Cell) -> Asks:
        return profile.asks_of(cell, needs_gpu=runs_a_backbone(cell))

    def span(cell: Cell) -> Span:
        return asked_for(found.expect, cell)

    return waves(todo, span, asks, profile.task_minutes * 60, profile.most_tasks)


def asked_for(expect: Expectations, cell: Cell) -> Span:
    """How long a cell takes, as far as a task asks for it.

    Of a network that is not known no more is asked for than of one that is: a partition may refuse
    it, and what is not done in time goes on in the next job.
    """
    span, basis = expect.span(cell)
    if MARGIN[basis] <= MARGIN["prior"]:
        return span
    return replace(span, high=MARGIN["prior"] * span.expected)


def runs_a_backbone(cell: Cell) -> bool:
    """Whether clips go through a network in a cell: filming and probes on features do without."""
    job = cell.job
    if isinstance(job, DatasetJob):
        return False
    if not isinstance(job, EvaluateJob):
        return True
    return row_kind(job.task, job.task_options, job.protocol, job.recipe) is None


def _room(order: Order, queue: OnTheWay) -> Room:
    most = min(order.profile.most_tasks, order.site_tasks or order.profile.most_tasks)
    return Room(
        array=slurm_commands.limits().array,
        tasks=most - queue.all_tasks,
        parallel=order.profile.parallel - queue.parallel,
    )


def _claimed(layout: Layout, cells: Sequence[Cell]) -> set[str]:
    return {cell for cell, state in states(layout, cells).items() if state == "running"}
