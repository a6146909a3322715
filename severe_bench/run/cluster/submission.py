"""What was submitted: one folder per array, written before sbatch is called."""

import json
import secrets
import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from severe_bench.core.atomic import mendable_writes, write_json
from severe_bench.core.errors import UserError
from severe_bench.core.frozen import Frozen
from severe_bench.plan.cell import Cell
from severe_bench.run.cluster.profile import Asks
from severe_bench.run.cluster.sharing import Share
from severe_bench.run.reproduce import Invocation
from severe_bench.store.layout import Layout

SUBMISSION = "submission.json"
TASKS = "tasks"
LOGS = "logs"


class Submission(Frozen):
    """One array of tasks.

    Args:
        name: of its folder.
        results, suite: as in `store.layout.Layout`.
        asks: what its tasks asked for.
        invocation: how the user named the study.
        runners: job kind -> "module:function".
        requeues: how often a task may go back into the queue by itself.
        timeout: seconds that one cell may take in one go, or None.
        parallel: tasks of it that run at once.
        limit_seconds: time limit of a task, or None.
        warning_seconds: before its limit, a task saves its state and ends.
        cells: ids of each task's cells.
        made: when, UTC.
        job: Slurm's number; empty until sbatch has answered.
    """

    name: str
    results: str
    suite: str
    asks: Asks
    invocation: Invocation
    runners: dict[str, str]
    requeues: int
    timeout: float | None
    parallel: int
    limit_seconds: float | None = None
    warning_seconds: float = 0.0
    cells: tuple[tuple[str, ...], ...]
    made: str
    job: str = ""

    @property
    def layout(self) -> Layout:
        """Where its cells are stored."""
        return Layout(Path(self.results), self.suite)

    @property
    def folder(self) -> Path:
        """Of this submission."""
        return submissions_folder(self.layout) / self.name

    @property
    def logs(self) -> Path:
        """What its tasks print."""
        return self.folder / LOGS


def submissions_folder(layout: Layout) -> Path:
    """Where a suite's submissions are."""
    return layout.results / layout.suite / "slurm"


def new_name() -> str:
    """A name that sorts by time and is not used twice."""
    return f"{datetime.now(UTC):%Y%m%d-%H%M%S-%f}-{secrets.token_hex(2)}"


def write(submission: Submission, shares: Sequence[Share]) -> None:
    """Write a submission and what its tasks have to do.

    Raises:
        UserError: the results folder cannot be written.
    """
    folder = submission.folder / TASKS
    with mendable_writes(folder):
        folder.mkdir(parents=True)
        for number, share in enumerate(shares):  # nobody reads them before sbatch has answered
            content = [cell.model_dump(mode="json") for cell in share.cells]
            _task_file(submission, number).write_text(json.dumps(content), encoding="utf-8")
    write_json(submission.folder / SUBMISSION, submission.model_dump(mode="json"))


def note_job(submission: Submission, job: str) -> Submission:
    """The submission with the number that Slurm gave it, on disk too."""
    noted = submission.model_copy(update={"job": job})
    write_json(noted.folder / SUBMISSION, noted.model_dump(mode="json"))
    return noted


def discard(submission: Submission) -> None:
    """Remove a submission that sbatch refused."""
    shutil.rmtree(submission.folder, ignore_errors=True)


def read(folder: Path) -> Submission:
    """A submission.

    Raises:
        UserError: it is not there, or damaged.
    """
    path = folder / SUBMISSION
    try:
        return Submission.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise UserError("cannot be read", str(path), "submit again: severe run") from error


def read_task(submission: Submission, number: int) -> tuple[Cell, ...]:
    """The cells of one task.

    Raises:
        UserError: they are not there, or damaged.
    """
    path = _task_file(submission, number)
    try:
        return tuple(Cell.model_validate(cell) for cell in json.loads(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise UserError("cannot be read", str(path), "submit again: severe run") from error


def submissions(layout: Layout) -> Iterator[Submission]:
    """All submissions of a suite that can be read, oldest first."""
    folder = submissions_folder(layout)
    for path in sorted(folder.glob(f"*/{SUBMISSION}")):
        try:
            yield read(path.parent)
        except UserError:
            continue


def _task_file(submission: Submission, number: int) -> Path:
    return submission.folder / TASKS / f"{number:05d}.json"
