"""Where cells run: on this machine, or as jobs of a cluster."""

from pathlib import Path

from severe_bench.core.errors import UserError
from severe_bench.core.registry import nearest

EXECUTORS = ("local", "slurm")


def check_executor(executor: str, profile: Path | None, *, wait: bool) -> None:
    """Refuse an unknown executor, and options that only another one has.

    Raises:
        UserError: naming the option.
    """
    if executor not in EXECUTORS:
        mend = nearest(executor, list(EXECUTORS))
        raise UserError(f"no executor {executor!r}", "--executor", mend)
    for given, option in ((profile is not None, "--profile"), (wait, "--wait")):
        if given and executor != "slurm":
            raise UserError(
                f"{option} is for a cluster", option, "add --executor slurm, or leave it out"
            )
