"""Which cells share a task, and in which order tasks may run. No clock, no files."""

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from severe_bench.plan.cell import Cell
from severe_bench.plan.expect import Span
from severe_bench.run.cluster.profile import Asks

STARTING_SECONDS = 60.0
"""Until a task's first cell runs: modules, imports, network disks."""
EARLY_SECONDS = 60.0
"""So much earlier than asked for Slurm's warning may come (sbatch(1), `--signal`)."""
LEAST_MINUTES = 10
LONGER = 1.5
"""By how much tasks are made longer, until there are few enough."""


@dataclass(frozen=True)
class Share:
    """Cells that one task runs, as many side by side as it has lanes.

    Args:
        cells: in an order in which they can be run.
        seconds: that the task is expected to take.
        high: that it may take.
    """

    cells: tuple[Cell, ...]
    seconds: float
    high: float


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
    def cells(self) -> tuple[Cell, ...]:
        """Of all its tasks."""
        return tuple(cell for share in self.shares for cell in share.cells)

    def minutes(self, warning: float) -> int:
        """Time limit of each task: what the longest may take, within what is asked for.

        Args:
            warning: seconds before the limit at which a task is told to save its state.
        """
        longest = max(share.high for share in self.shares)
        wanted = math.ceil((STARTING_SECONDS + longest + warning + EARLY_SECONDS) / 60)
        return min(max(LEAST_MINUTES, wanted), self.asks.longest_minutes or wanted + LEAST_MINUTES)

    def split(self, count: int) -> tuple["Wave", "Wave"]:
        """Its first tasks, and the rest."""
        first, rest = self.shares[:count], self.shares[count:]
        return Wave(self.level, self.asks, first), Wave(self.level, self.asks, rest)


def waves(
    cells: Sequence[Cell],
    span: Callable[[Cell], Span],
    asks: Callable[[Cell], Asks],
    task_seconds: float,
    most: int,
) -> list[Wave]:
    """Cells as tasks.

    Cells of one wave that need the same artefacts stand together, so that a task's worker opens
    them once. A task takes cells until it is expected to take `task_seconds`, or longer where that
    made too many tasks.

    Args:
        cells: to be run, in topological order; a need that is not among them is done, or is being
            made by a task that was submitted before.
        span: expected duration of a cell, with its spread.
        asks: what a cell asks for.
        task_seconds: see above.
        most: tasks over all waves; there are more only where each wave has one.
    """
    groups = _groups(cells, asks)
    spans = {cell.id: span(cell) for cell in cells}

    def lists(limit: float) -> list[list[list[Cell]]]:
        return [_lists(group.cells, spans, group.asks.lanes, limit) for group in groups]

    lanes = max((group.asks.lanes for group in groups), default=1)
    total = sum(span.expected for span in spans.values())
    found = lists(limit := max(task_seconds, total / most / lanes))
    while sum(map(len, found)) > max(most, len(groups)):
        found = lists(limit := limit * LONGER)
    return [
        Wave(group.level, group.asks, tuple(_share(task, spans, group.asks) for task in tasks))
        for group, tasks in zip(groups, found, strict=True)
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


@dataclass(frozen=True)
class _Group:
    """Cells of one level that ask for the same."""

    level: int
    asks: Asks
    cells: tuple[Cell, ...]


def _groups(cells: Sequence[Cell], asks: Callable[[Cell], Asks]) -> list[_Group]:
    """Lowest level first, within it in the order of the plan; kin stand together in each."""
    asked: dict[str, Asks] = {}
    together: dict[tuple[int, str], list[Cell]] = defaultdict(list)
    for cell, level in levels(cells):
        ask = asks(cell)
        key = ask.model_dump_json()
        asked[key] = ask
        together[level, key].append(cell)
    return [
        _Group(level, asked[key], tuple(_kin_first(together[level, key])))
        for level, key in sorted(together, key=_level)
    ]


def _kin_first(group: Sequence[Cell]) -> list[Cell]:
    place = {cell.id: number for number, cell in enumerate(group)}
    return sorted(group, key=lambda cell: (_kin(cell.needs), place[cell.id]))


def _kin(needs: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(sorted(needs.values()))


def _level(place: tuple[int, str]) -> int:
    return place[0]


def _lists(
    group: Sequence[Cell], spans: Mapping[str, Span], lanes: int, limit: float
) -> list[list[Cell]]:
    """A group's tasks; each lane has work, and no task takes longer than `limit` if it can."""
    found: list[list[Cell]] = []
    total = math.inf
    for cell in group:
        cost = spans[cell.id].expected
        if total + cost > limit * lanes and (not found or len(found[-1]) >= lanes):
            found.append([])
            total = 0.0
        found[-1].append(cell)
        total += cost
    return found


def _share(cells: Sequence[Cell], spans: Mapping[str, Span], asks: Asks) -> Share:
    expected = [spans[cell.id].expected for cell in cells]
    high = [spans[cell.id].high for cell in cells]
    seconds = max(sum(expected) / asks.lanes, *expected)
    return Share(tuple(cells), seconds, max(sum(high) / asks.lanes, *high))
