"""What other packages add through entry points: it must load, and be of a group that is read."""

from collections.abc import Iterator, Sequence
from importlib.metadata import EntryPoint, distributions
from typing import Any

from severe_bench.core.errors import UserError
from severe_bench.core.registry import Registry, nearest
from severe_bench.doctor.finding import Finding

OURS = "severe_bench."


def check_plugins(registries: Sequence[Registry[Any]], further: Sequence[str]) -> Iterator[Finding]:
    """One finding for each entry of another package; none where there are none.

    Args:
        registries: all that read entry points.
        further: groups that are read elsewhere; their entries are not loaded.
    """
    for registry in registries:
        yield from _loaded(registry)
    groups = [*(registry.group for registry in registries), *further]
    for point in (point for package in distributions() for point in package.entry_points):
        if point.group.startswith(OURS) and point.group not in groups:
            seen = f"{_told(point)} is in the group {point.group}, which nothing reads"
            mend = f"{nearest(point.group, groups)}; mend its pyproject.toml and install it again"
            yield Finding(check="plug-in", verdict="problem", seen=seen, mend=mend)


def _loaded(registry: Registry[Any]) -> Iterator[Finding]:
    try:
        points = registry.foreign
    except UserError as error:
        yield _problem(error)
        return
    for name, point in points.items():
        try:
            registry.get(name)
        except UserError as error:
            yield _problem(error)
        else:
            yield Finding(check=registry.kind, verdict="ok", seen=_told(point))


def _problem(error: UserError) -> Finding:
    seen = f"{error.what} ({error.where})"
    return Finding(check="plug-in", verdict="problem", seen=seen, mend=error.mend)


def _told(point: EntryPoint) -> str:
    of = f" of {point.dist.name} {point.dist.version}" if point.dist else ""
    return f"{point.name} = {point.value}{of}"
