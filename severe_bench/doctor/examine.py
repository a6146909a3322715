"""All checks in the order in which they are shown."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from severe_bench.core.registry import Registry
from severe_bench.doctor import cluster, decoders, machine, plugins, software
from severe_bench.doctor.finding import Finding


def examine(
    results: Path, registries: Sequence[Registry[Any]] = (), further: Sequence[str] = ()
) -> Iterator[Finding]:
    """What this machine can do, one finding at a time.

    A check that itself fails becomes a finding, so one broken library does not hide the rest.

    Args:
        results: where results would lie.
        registries: all to which other packages may add.
        further: groups of entry points that are read elsewhere.
    """
    checks: tuple[Callable[[], Iterator[Finding]], ...] = (
        software.check_python,
        software.check_packages,
        decoders.check_decoders,
        software.check_ffmpeg,
        machine.check_cores,
        machine.check_memory,
        partial(machine.check_disk, results),
        machine.check_devices,
        cluster.check_slurm,
        partial(plugins.check_plugins, registries, further),
    )
    for check in checks:
        yield from _guarded(check)


def _guarded(check: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from check()
    except Exception as error:
        name = getattr(getattr(check, "func", check), "__name__", "check").removeprefix("check_")
        mend = "see the message; reinstall the package it names"
        yield Finding(check=name, verdict="problem", seen=repr(error), mend=mend)
