"""All checks in the order in which they are shown."""

from collections.abc import Callable, Iterator
from pathlib import Path

from severe_bench.doctor import cluster, decoders, machine, software
from severe_bench.doctor.finding import Finding


def examine(results: Path) -> Iterator[Finding]:
    """What this machine can do, one finding at a time.

    A check that itself fails becomes a finding, so one broken library does not hide the rest.
    """
    checks: tuple[Callable[[], Iterator[Finding]], ...] = (
        software.check_python,
        software.check_packages,
        decoders.check_decoders,
        software.check_ffmpeg,
        machine.check_cores,
        machine.check_memory,
        lambda: machine.check_disk(results),
        machine.check_devices,
        cluster.check_slurm,
    )
    for check in checks:
        yield from _guarded(check)


def _guarded(check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from check()
    except Exception as error:
        name = getattr(check, "__name__", "check").removeprefix("check_")
        mend = "see the message; reinstall the package it names"
        yield Finding(check=name, verdict="problem", seen=repr(error), mend=mend)
