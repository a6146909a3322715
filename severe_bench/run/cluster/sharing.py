"""Which cells share a task, and in which order tasks may run. No clock, no files."""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from severe_bench.plan.cell import Cell
from severe_bench.run.cluster.profile import Asks

STARTING_SECONDS = 60.0
"""Until a task's first cell runs: modules, imports, network disks."""
TIME_MARGIN = 2.0
LEAST_MINUTES = 10


@dataclass(frozen=True)
class Share:
    """Cells that one task runs one after another.

    Args:
        cells: in an order in which they can be run.
        seconds: that they are expected to take.
    """

    cells: tuple[Cell, ...]
    seconds: float


@dataclass(frozen=True)
class Wave:
    """Tasks that ask for the same and wait for the same waves.

    Args:
        level: 0 for cells that need nothing that is still to be made, else one more than the
            highest level of what they need.
    """

    level: int
    asks: Asks
    shares: tuple[Share, ...]

    @property
    def minutes(self) -> int:
        """Time limit of each task: the longest share's with a margin, within what is asked for."""
        longest = max(share.seconds for share in self.shares)
        wanted = math.ceil((STARTING_SECONDS + TIME_MARGIN * longest) / 60)
        return min(max(LEAST_MINUTES, wanted), self.asks.longest_minutes or wanted + LEAST_MINUTES)


def waves(
    cells: Sequence[Cell],
    seconds: Callable[[Cell], float],
    asks: Callable[[Cell], Asks],
    task_seconds: float,
    room: int,
) -> list[Wave]:
    """Cells as tasks.

    Cells of one wave that need the same artefacts stand together, so that a task's worker opens
    them once. A task takes cells until it is expected to take `task_seconds`, or longer where there
    is room for fewer tasks only.

    Args:
        cells: to be run, in topological order; a need that is not among them is done, or is being
            made by a task that was submitted before.
        seconds: expected duration of a cell.
        asks: what a cell asks for.
        task_seconds: see above.
        room: most tasks over all waves, at least 1.
    """
    together: dict[tuple[int, str], list[Cell]] = defaultdict(list)
    asked: dict[str, Asks] = {}
    for cell, level in levels(cells):
        ask = asks(cell)
        key = ask.model_dump_json()
        asked[key] = ask
        together[level, key].append(cell)
    groups = {place: _kin_first(group) for place, group in together.items()}
    limit = _share_seconds(groups.values(), seconds, task_seconds, room)
    return [
        Wave(level, asked[key], tuple(_shares(group, seconds, limit)))
        for (level, key), group in sorted(groups.items(), key=lambda item: item[0][0])
    ]


def levels(cells: Sequence[Cell]) -> list[tuple[Cell, int]]:
    """Each cell with how many cells stand before it in its longest chain.

    Example:
        >>> levels([])
        []
    """
    found: dict[str, int] = {}
    for cell in cells:
        found[cell.id] = 1 + max((found.get(need, -1) for need in cell.needs.values()), default=-1)
    return [(cell, found[cell.id]) for cell in cells]


def _kin_first(group: Sequence[Cell]) -> list[Cell]:
    place = {cell.id: number for number, cell in enumerate(group)}
    return sorted(group, key=lambda cell: (_kin(cell.needs), place[cell.id]))


def _kin(needs: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(sorted(needs.values()))


def _share_seconds(
    groups: Iterable[Sequence[Cell]],
    seconds: Callable[[Cell], float],
    task_seconds: float,
    room: int,
) -> float:
    """Seconds per task with which all groups together fit into `room` tasks, or nearly."""
    groups = list(groups)
    limit = task_seconds
    spare = max(1, room)
    while sum(1 for group in groups for _ in _shares(group, seconds, limit)) > spare:
        if all(len(list(_shares(group, seconds, limit))) == 1 for group in groups):
            break
        limit *= 1.5
    return limit


def _shares(
    group: Sequence[Cell], seconds: Callable[[Cell], float], limit: float
) -> Iterable[Share]:
    taken: list[Cell] = []
    total = 0.0
    for cell in group:
        cost = seconds(cell)
        if taken and total + cost > limit:
            yield Share(tuple(taken), total)
            taken, total = [], 0.0
        taken.append(cell)
        total += cost
    if taken:
        yield Share(tuple(taken), total)
