"""From cells to arrays of tasks in Slurm's queue, through submitit."""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice

from severe_bench.plan.cell import Cell
from severe_bench.run.cluster import submission as ledger
from severe_bench.run.cluster.profile import Profile
from severe_bench.run.cluster.sbatch import NoRoomError, RefusedError, executor_for, sbatch
from severe_bench.run.cluster.sharing import Wave
from severe_bench.run.cluster.submission import Submission
from severe_bench.run.cluster.task import ArrayTask
from severe_bench.run.reproduce import Invocation
from severe_bench.run.work import RUNNERS
from severe_bench.store.layout import Layout

JOB_NAME = "severe"


@dataclass(frozen=True)
class Order:
    """What a submission has beside its cells.

    Args:
        layout: where cells are stored.
        profile: of the site.
        invocation: how the user named the study.
        timeout: seconds that one cell may take in one go, or None.
        runners: job kind -> "module:function".
        site_tasks: tasks that the site lets wait or run at once, where it has refused more.
    """

    layout: Layout
    profile: Profile
    invocation: Invocation = field(default_factory=Invocation)
    timeout: float | None = None
    runners: dict[str, str] = field(default_factory=lambda: dict(RUNNERS))
    site_tasks: int | None = None


@dataclass(frozen=True)
class Submitted:
    """What a round of submissions came to.

    Args:
        made: arrays in the queue, in their order.
        left: cells for which a limit left no room.
        refusal: what stood in their way; None where all was taken.
    """

    made: tuple[Submission, ...] = ()
    left: tuple[Cell, ...] = ()
    refusal: RefusedError | None = None


@dataclass(frozen=True)
class Room:
    """What may be submitted now.

    Args:
        array: tasks in one array.
        tasks: in the queue, beside those that are there.
        parallel: tasks that run at once, beside those that do.
    """

    array: int
    tasks: int
    parallel: int


def submit(
    order: Order, planned: Sequence[Wave], makers: Mapping[str, str], room: Room
) -> Submitted:
    """Submit waves, each array waiting for those that make what its cells need.

    An array that the scheduler has no room for is halved, until a single task is refused too. So
    the site's limits need not be known, and each is met by a dozen calls or two.

    Args:
        order: profile and the like.
        planned: in the order of their levels.
        makers: id of a cell that is being made -> job that makes it, submitted earlier.
        room: see there.
    """
    begun = _Round(order, dict(makers), room, _tasks_by_level(planned))
    waiting = deque(piece for wave in planned for piece in chunks(wave, room.array))
    while waiting:
        piece = waiting.popleft()
        try:
            waiting.extendleft(reversed(begun.take(piece)))
        except RefusedError as error:
            left = tuple(cell for later in (piece, *waiting) for cell in later.cells)
            return Submitted(tuple(begun.made), left, error)
    return Submitted(tuple(begun.made))


class _Round:
    """Arrays submitted so far, and the room that is left."""

    def __init__(
        self, order: Order, makers: dict[str, str], room: Room, tasks: Mapping[int, int]
    ) -> None:
        self._order, self._makers, self._room, self._tasks = order, makers, room, tasks
        self._free = room.tasks
        self.made: list[Submission] = []

    def take(self, piece: Wave) -> tuple[Wave, ...]:
        """Submit a piece; what is to be tried in its place where it is too large.

        Raises:
            RefusedError: not even one task of it can be submitted.
        """
        count = len(piece.shares)
        if self._free < 1:
            what = f"{self._order.profile.most_tasks} tasks are in the queue (most_tasks)"
            raise NoRoomError(what, mend="run again when some are done")
        if count > self._free:
            return piece.split(self._free)
        try:
            self._submit(piece)
        except NoRoomError:
            if count == 1:
                raise
            return piece.split(count // 2)
        return ()

    def _submit(self, piece: Wave) -> None:
        count = len(piece.shares)
        parallel = max(1, self._room.parallel * count // self._tasks[piece.level])
        array = _submit_array(self._order, piece, _awaited(piece, self._makers), parallel)
        self.made.append(array)
        self._free -= count
        self._makers |= {cell: array.job for task in array.cells for cell in task}


def chunks(wave: Wave, limit: int) -> Iterator[Wave]:
    """A wave as arrays of at most `limit` tasks."""
    shares = iter(wave.shares)
    while part := tuple(islice(shares, limit)):
        yield Wave(wave.level, wave.asks, part)


def script(order: Order, wave: Wave, dependency: str = "") -> str:
    """The text that sbatch would get for an array, for `severe plan`."""
    folder = ledger.submissions_folder(order.layout) / "NAME"
    profile, name = order.profile, f"{JOB_NAME}-{order.layout.suite}"
    logs = folder / ledger.LOGS
    executor = executor_for(profile, name, wave, logs, dependency, profile.parallel)
    if len(wave.shares) > 1:
        executor.parameters["map_count"] = len(wave.shares)
    return str(executor._make_submission_file_text(executor._submitit_command_str, "uid"))


def _tasks_by_level(planned: Sequence[Wave]) -> dict[int, int]:
    counts: dict[int, int] = defaultdict(int)
    for wave in planned:
        counts[wave.level] += len(wave.shares)
    return counts


def _awaited(wave: Wave, makers: Mapping[str, str]) -> str:
    needs = {need for share in wave.shares for cell in share.cells for need in cell.needs.values()}
    jobs = sorted({makers[need] for need in needs if need in makers}, key=int)
    return "afterany:" + ":".join(jobs) if jobs else ""


def _submit_array(order: Order, wave: Wave, dependency: str, parallel: int) -> Submission:
    submission = Submission(
        name=ledger.new_name(),
        results=str(order.layout.results),
        suite=order.layout.suite,
        asks=wave.asks,
        invocation=order.invocation,
        runners=order.runners,
        requeues=order.profile.requeues,
        timeout=order.timeout,
        parallel=parallel,
        limit_seconds=60.0 * wave.minutes(order.profile.signal_seconds),
        warning_seconds=order.profile.signal_seconds,
        cells=tuple(tuple(cell.id for cell in share.cells) for share in wave.shares),
        made=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    ledger.write(submission, wave.shares)
    submission.logs.mkdir(exist_ok=True)
    name = f"{JOB_NAME}-{order.layout.suite}"
    executor = executor_for(order.profile, name, wave, submission.logs, dependency, parallel)
    tasks = [ArrayTask(str(submission.folder), number) for number in range(len(wave.shares))]
    try:
        return ledger.note_job(submission, sbatch(executor, tasks))
    except RefusedError:
        ledger.discard(submission)
        raise
