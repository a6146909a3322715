"""From cells to arrays of tasks in Slurm's queue, through submitit."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from severe_bench.core.errors import UserError
from severe_bench.plan.cell import Cell
from severe_bench.run.cluster import submission as ledger
from severe_bench.run.cluster.profile import Profile
from severe_bench.run.cluster.sharing import Wave
from severe_bench.run.cluster.submission import Submission
from severe_bench.run.cluster.task import ArrayTask
from severe_bench.run.reproduce import Invocation
from severe_bench.run.work import RUNNERS
from severe_bench.store.layout import Layout

if TYPE_CHECKING:
    from submitit import SlurmExecutor

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
    """

    layout: Layout
    profile: Profile
    invocation: Invocation = field(default_factory=Invocation)
    timeout: float | None = None
    runners: dict[str, str] = field(default_factory=lambda: dict(RUNNERS))


@dataclass(frozen=True)
class Submitted:
    """What a round of submissions came to.

    Args:
        made: arrays in the queue, in their order.
        left: cells for which the site's limit left no room.
        refusal: what sbatch said then; empty where all was taken.
    """

    made: tuple[Submission, ...]
    left: tuple[Cell, ...]
    refusal: str = ""


def submit(
    order: Order, planned: Sequence[Wave], makers: dict[str, str], array_limit: int
) -> Submitted:
    """Submit waves, each array waiting for those that make what its cells need.

    Args:
        order: profile and the like.
        planned: in the order of their levels.
        makers: id of a cell that is being made -> job that makes it, submitted earlier.
        array_limit: most tasks in one array.

    Raises:
        UserError: sbatch refuses the very first array.
    """
    made: list[Submission] = []
    makers = dict(makers)
    pieces = [piece for wave in planned for piece in chunks(wave, array_limit)]
    counts = _arrays_by_level(pieces)
    for number, piece in enumerate(pieces):
        parallel = max(1, order.profile.parallel // counts[piece.level])
        try:
            array = _submit_array(order, piece, _awaited(piece, makers), parallel)
        except UserError as error:
            if not made:
                raise
            left = tuple(
                c for later in pieces[number:] for share in later.shares for c in share.cells
            )
            return Submitted(tuple(made), left, error.what)
        made.append(array)
        makers |= {cell: array.job for task in array.cells for cell in task}
    return Submitted(tuple(made), ())


def chunks(wave: Wave, limit: int) -> Iterator[Wave]:
    """A wave as arrays of at most `limit` tasks."""
    shares = iter(wave.shares)
    while part := tuple(islice(shares, limit)):
        yield Wave(wave.level, wave.asks, part)


def script(order: Order, wave: Wave, dependency: str = "") -> str:
    """The text that sbatch would get for an array, for `severe plan`."""
    folder = ledger.submissions_folder(order.layout) / "NAME"
    executor = _executor(order, wave, folder / ledger.LOGS, dependency, order.profile.parallel)
    executor.parameters["map_count"] = len(wave.shares)
    return str(executor._make_submission_file_text(executor._submitit_command_str, "uid"))


def _arrays_by_level(pieces: Sequence[Wave]) -> dict[int, int]:
    counts: dict[int, int] = defaultdict(int)
    for piece in pieces:
        counts[piece.level] += 1
    return counts


def _awaited(wave: Wave, makers: dict[str, str]) -> str:
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
        cells=tuple(tuple(cell.id for cell in share.cells) for share in wave.shares),
        made=datetime.now(UTC).isoformat(timespec="seconds"),
    )
    ledger.write(submission, wave.shares)
    submission.logs.mkdir(exist_ok=True)
    executor = _executor(order, wave, submission.logs, dependency, parallel)
    tasks = [ArrayTask(str(submission.folder), number) for number in range(len(wave.shares))]
    return ledger.note_job(submission, _sbatch(executor, tasks))


def _sbatch(executor: "SlurmExecutor", tasks: Sequence[ArrayTask]) -> str:
    """The number that Slurm gave the array."""
    from submitit.core.utils import FailedJobError, FailedSubmissionError

    try:
        with executor.batch():
            jobs = [executor.submit(task) for task in tasks]
    except (FailedJobError, FailedSubmissionError, OSError) as error:
        said = " ".join(str(error).split())
        mend = "check the profile's partition, account and limits; `severe plan --executor slurm`"
        raise UserError(f"sbatch refused: {said[-300:]}", mend=mend) from error
    return str(jobs[0].job_id).partition("_")[0]


def _executor(
    order: Order, wave: Wave, logs: Path, dependency: str, parallel: int
) -> "SlurmExecutor":
    from submitit import SlurmExecutor

    profile, asks = order.profile, wave.asks
    executor = SlurmExecutor(folder=logs, python=profile.python)
    options: dict[str, Any] = {
        "partition": asks.partition,
        "account": asks.account,
        "qos": asks.qos,
        "constraint": asks.constraint,
        "gpus_per_node": asks.gpus or None,
        "cpus_per_task": asks.cpus,
        "mem": None if asks.memory_gb is None else f"{round(asks.memory_gb * 1024)}M",
        "dependency": dependency or None,
        "setup": list(profile.setup) or None,
        "additional_parameters": dict(asks.sbatch) or None,
    }
    executor.update_parameters(
        job_name=f"{JOB_NAME}-{order.layout.suite}",
        time=wave.minutes,
        signal_delay_s=profile.signal_seconds,
        array_parallelism=parallel,
        use_srun=profile.srun,
        **{name: value for name, value in options.items() if value is not None},
    )
    return executor
