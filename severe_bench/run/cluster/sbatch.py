"""One array of tasks for sbatch, by submitit: its script, and what sbatch says of it."""

import io
import os
import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import TYPE_CHECKING, Any

from severe_bench.core.errors import UserError
from severe_bench.run.cluster import slurm_commands
from severe_bench.run.cluster.profile import Asks, Profile
from severe_bench.run.cluster.sharing import Wave
from severe_bench.run.cluster.task import GO_BACK, KILLED, RESTARTS, TOLD, WARNED, ArrayTask

if TYPE_CHECKING:
    from submitit import SlurmExecutor

FULL_WORDS = r"Submit_?Jobs?(Limit|Per)|job submit limit|MaxJobCount|temporarily"
"""In what sbatch says of limits on tasks in the queue, of the user, the account or the cluster."""


UNTELLABLE = re.compile(r"[%\\\n\r]")
"""What sbatch takes for a pattern, or for the end of a line, in the name of a log."""


class RefusedError(UserError):
    """An array was not taken."""


class NoRoomError(RefusedError):
    """An array was not taken because of how many tasks are in the queue; a smaller one may be."""


def require_sbatch(results: Path) -> None:
    """Refuse where nothing can be submitted, or where logs could not be written.

    Raises:
        UserError: no Slurm here, or a results folder whose name sbatch would read as a pattern.
    """
    slurm_commands.require_slurm()
    found = UNTELLABLE.search(str(results))
    if found is not None:
        what = f"sbatch takes no {found[0]!r} in the path of a log"
        raise UserError(what, repr(str(results)), "pass another --results folder")


def sbatch(executor: "SlurmExecutor", tasks: Sequence[ArrayTask]) -> str:
    """Submit an array; return the number that Slurm gave it.

    Raises:
        RefusedError: it was not taken; a `NoRoomError` where a smaller one may be.
    """
    from submitit.core.utils import FailedJobError, FailedSubmissionError

    try:
        with _outside(), redirect_stderr(io.StringIO()), executor.batch():
            jobs = [executor.submit(task) for task in tasks]
    except (FailedJobError, FailedSubmissionError, OSError) as error:
        said = " ".join(str(error).split())
        mend = "check the profile's partition, account and limits; `severe plan --executor slurm`"
        full = re.search(FULL_WORDS, said, re.IGNORECASE) is not None
        kind = NoRoomError if full else RefusedError
        raise kind(f"sbatch refused: {said[-300:]}", mend=mend) from error
    return str(jobs[0].job_id).partition("_")[0]


@contextmanager
def _outside() -> Iterator[None]:
    """As if in no allocation.

    sbatch hands its environment on, and srun would mistake the job's memory and CPUs for those of
    the allocation that `severe` was typed in.
    """
    inside = {name: value for name, value in os.environ.items() if name.startswith("SLURM_")}
    lent = inside if "SLURM_JOB_ID" in inside else {}
    for name in lent.keys() - {"SLURM_CONF"}:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(lent)


def executor_for(
    profile: Profile, name: str, wave: Wave, logs: Path, dependency: str, parallel: int
) -> "SlurmExecutor":
    """What submits an array, told what its tasks ask for.

    Args:
        profile: of the site.
        name: of the job.
        wave: its tasks.
        logs: folder for what they print.
        dependency: as sbatch takes it; empty: none.
        parallel: tasks that run at once.
    """
    from submitit import SlurmExecutor

    asks = wave.asks
    executor = SlurmExecutor(folder=logs, python=_python(profile))
    options: dict[str, Any] = {
        "partition": asks.partition,
        "account": asks.account,
        "qos": asks.qos,
        "constraint": asks.constraint,
        "gpus_per_node": asks.gpus or None,
        "cpus_per_task": asks.cpus,
        "mem": None if asks.memory_gb is None else f"{round(asks.memory_gb * 1024)}M",
        "dependency": dependency or None,
        "setup": [_before(profile), *profile.setup],
        "teardown": _go_back(profile) or None,
        "additional_parameters": _further_options(profile, asks) or None,
    }
    executor.update_parameters(
        job_name=name,
        time=wave.minutes(profile.signal_seconds),
        signal_delay_s=profile.signal_seconds,
        array_parallelism=parallel,
        use_srun=profile.srun,
        **{name: value for name, value in options.items() if value is not None},
    )
    return executor


def _python(profile: Profile) -> str:
    """What starts Python: in place of the batch shell where there is no job step."""
    command = profile.python or shlex.quote(sys.executable)
    return command if profile.srun else f"exec {command}"


def _before(profile: Profile) -> str:
    """A line before the user's own.

    The job step is to get what they set, even where a site hands no environment on (`SBATCH_EXPORT`
    NONE, which srun inherits). Without a step, the warning goes to the batch shell and must not end
    what Python is to replace: an ignored signal stays ignored until Python listens, and what is
    missed so, its clock makes good.
    """
    return "export SLURM_EXPORT_ENV=ALL" if profile.srun else "trap '' USR2"


def _go_back(profile: Profile) -> list[str]:
    """After the job step: a task that asks for it, or was warned too early, is put back.

    So is one that was told to end because it is preempted: that it ended by itself, and in time,
    is all that Slurm would see. Who cancels a job ends its script too.
    """
    if not profile.srun or not profile.requeues:
        return []
    show = 'SLURM_TIME_FORMAT=standard scontrol show job "$task"'
    allowed = f'[ "${{{RESTARTS}:-0}}" -lt {profile.requeues} ]'
    return [
        "ended=$?",
        "task=${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}${SLURM_ARRAY_TASK_ID:+_$SLURM_ARRAY_TASK_ID}",
        "case $ended in",
        f"  {GO_BACK}|{WARNED}) back=yes ;;",
        f"  {TOLD}|{KILLED}) back=$({show} | grep ' PreemptTime=[0-9]') ;;",
        "  *) back= ;;",
        "esac",
        f'if [ -n "$back" ] && {allowed}; then scontrol requeue "$task"; fi',
        'exit "$ended"',
    ]


def _further_options(profile: Profile, asks: Asks) -> dict[str, str | int | bool]:
    """Options of sbatch; without a job step the warning must go to the batch shell.

    Some sites let a job go back into the queue only where it says so.
    """
    warned = {} if profile.srun else {"signal": f"B:USR2@{profile.signal_seconds}"}
    back = {"requeue": True} if profile.requeues else {}
    options = warned | back | asks.sbatch
    return {name: value for name, value in options.items() if value is not False}
