"""What Slurm's own commands say. Advice only: whether a cell is done is read from disk."""

import math
import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from severe_bench.core.errors import UserError

SECONDS = 60.0
"""How long a command of a busy scheduler may take."""
MOST_AT_ONCE = 200
"""Job ids given to one scancel."""


@dataclass(frozen=True)
class Limits:
    """Limits of the cluster.

    Args:
        array: tasks in one array.
    """

    array: int


@dataclass(frozen=True)
class Queued:
    """One task that the scheduler knows.

    Args:
        task: e.g. `1234_5`.
        state: e.g. `RUNNING`.
        reason: why it waits, if it does.
        script: path of what sbatch was given.
    """

    task: str
    state: str
    reason: str = ""
    script: str = ""

    @property
    def job(self) -> str:
        """Number of its job, e.g. `1234`."""
        return self.task.partition("_")[0]

    @property
    def number(self) -> int:
        """Of the task in its array; 0 in a job that is no array."""
        number = self.task.partition("_")[2]
        return int(number) if number.isdigit() else 0

    @property
    def held(self) -> bool:
        """Whether it waits until somebody releases it."""
        return "held" in self.reason.lower()


def require_slurm() -> None:
    """Refuse where there is no Slurm.

    Raises:
        UserError: its commands are not on the PATH.
    """
    for program in ("sbatch", "squeue", "scontrol", "srun"):
        if shutil.which(program) is None:
            mend = "log in to a node where jobs are submitted, or leave --executor out"
            raise UserError(f"there is no {program} on the PATH", "--executor slurm", mend)


def limits() -> Limits:
    """As `scontrol show config` says.

    Raises:
        UserError: the controller does not answer.
    """
    text = _asked(["scontrol", "show", "config"])
    found = re.search(r"^MaxArraySize\s*=\s*(\d+)", text, re.MULTILINE)
    return Limits(array=max(1, int(found[1]) if found else 1001))


def queued() -> list[Queued]:
    """This user's tasks that wait or run, each on its own.

    Raises:
        UserError: the controller does not answer.
    """
    command = ["squeue", "--noheader", "--array", "--format", "%i|%T|%r|%o", "--user", _user()]
    rows = (line.strip().split("|", 3) for line in _asked(command).splitlines())
    return [Queued(*row) for row in rows if len(row) == 4]


def this_task() -> str:
    """The task in which this process runs, e.g. `1234_5`; a single job's number alone.

    Never a number alone in an array: one of its tasks has that of the whole array.

    Raises:
        KeyError: it runs in none.
    """
    array = os.environ.get("SLURM_ARRAY_JOB_ID")
    return f"{array}_{os.environ['SLURM_ARRAY_TASK_ID']}" if array else os.environ["SLURM_JOB_ID"]


def seconds_left(task: str) -> float:
    """Until the time limit of a running task; infinite where it has none.

    Raises:
        UserError: the controller does not answer, or knows no such task.
    """
    said = _asked(["squeue", "--noheader", "--format", "%L", "--jobs", task]).strip()
    found = re.fullmatch(r"(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)", said)
    if said == "UNLIMITED":
        return math.inf
    if found is None:
        raise UserError(f"squeue knows no time left: {said!r}", f"job {task}", "submit again")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def cancel(tasks: Sequence[str]) -> None:
    """Cancel tasks or whole arrays.

    Raises:
        UserError: the controller does not answer.
    """
    for first in range(0, len(tasks), MOST_AT_ONCE):
        _asked(["scancel", *tasks[first : first + MOST_AT_ONCE]])


def requeue(task: str) -> bool:
    """Put a running task back into the queue; whether the site allows it."""
    try:
        _asked(["scontrol", "requeue", task])
    except UserError:
        return False
    return True


def accounted(jobs: Sequence[str]) -> list[Queued]:
    """Tasks of these jobs as `sacct` remembers them; none where there is no accounting."""
    command = ["sacct", "--noheader", "--allocations", "--parsable2", "--format", "JobID,State"]
    found: list[Queued] = []
    for first in range(0, len(jobs), MOST_AT_ONCE):
        try:
            text = _asked([*command, "--jobs", ",".join(jobs[first : first + MOST_AT_ONCE])])
        except UserError:
            return []
        rows = (line.strip().partition("|") for line in text.splitlines() if "|" in line)
        found += [Queued(task, state.partition(" ")[0]) for task, _, state in rows]
    return found


def _user() -> str:
    return str(os.getuid())


def _asked(command: list[str]) -> str:
    try:
        done = subprocess.run(  # noqa: S603
            command,
            capture_output=True,
            text=True,
            errors="replace",  # other jobs of this user may lie in folders of any name
            check=False,
            timeout=SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        mend = "try again in a minute; what was submitted goes on"
        raise UserError(f"{command[0]} does not answer ({error})", mend=mend) from error
    if done.returncode != 0:
        said = " ".join(done.stderr.split()) or f"exit status {done.returncode}"
        mend = "try again in a minute; what was submitted goes on"
        raise UserError(f"{' '.join(command[:2])}: {said}", mend=mend)
    return done.stdout
