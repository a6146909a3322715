"""Where cells run: on this machine, or as jobs of a cluster."""

from collections.abc import Mapping
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


def refuse_on_slurm(executor: str, given: Mapping[str, bool]) -> None:
    """Refuse options that count on this machine only.

    Args:
        executor: as chosen.
        given: by option, whether it was given.

    Raises:
        UserError: naming the option.
    """
    for option, is_given in given.items():
        if is_given and executor == "slurm":
            what = "does not go with --executor slurm"
            raise UserError(what, option, "leave one of them out")


def check_seconds(option: str, seconds: float | None) -> None:
    """Refuse what is no time.

    Raises:
        UserError: it is not above 0.
    """
    if seconds is not None and not seconds > 0:
        raise UserError(f"no time: {seconds:g}", option, "give seconds, more than 0")
