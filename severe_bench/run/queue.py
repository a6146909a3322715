"""The order in which cells are run: needs first, long chains first, kin near each other."""

import math
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence

from severe_bench.plan.cell import Cell


class Queue:
    """Cells that wait, are ready, or are out with a worker. Pure bookkeeping, no clock, no files.

    Of the ready cells those come first whose own and dependents' expected time is longest, to
    within a factor of two; among these, one that shares a need with what the lane ran last, then
    plan order.

    Args:
        cells: to run, in topological order; a need that is not among them is done.
        seconds: expected duration of a cell.
    """

    def __init__(self, cells: Sequence[Cell], seconds: Callable[[Cell], float]) -> None:
        self._cells = {cell.id: cell for cell in cells}
        self._order = {cell.id: place for place, cell in enumerate(cells)}
        self._dependents: dict[str, list[str]] = defaultdict(list)
        self._missing: dict[str, set[str]] = {}
        for cell in cells:
            needs = {need for need in cell.needs.values() if need in self._cells}
            self._missing[cell.id] = needs
            for need in needs:
                self._dependents[need].append(cell.id)
        self._rank = _ranks(cells, self._dependents, seconds)
        self._ready = {cell.id for cell in cells if not self._missing[cell.id]}
        self._waiting = set(self._cells) - self._ready

    @property
    def left(self) -> list[Cell]:
        """Cells that are not out and not ended, ready or not."""
        return [self._cells[cell] for cell in sorted(self._ready | self._waiting, key=self._place)]

    @property
    def has_ready(self) -> bool:
        """Whether a cell can be taken."""
        return bool(self._ready)

    @property
    def ready(self) -> int:
        """How many cells can be taken."""
        return len(self._ready)

    def is_ready(self, cell: Cell) -> bool:
        """Whether this cell can be taken."""
        return cell.id in self._ready

    def take(self, last: Cell | None) -> Cell:
        """Take the next cell for a lane that ran `last` before; only while `has_ready`."""
        near = frozenset(last.needs.values()) if last else frozenset()
        chosen = min(self._ready, key=lambda cell: self._priority(cell, near))
        self._ready.remove(chosen)
        return self._cells[chosen]

    def withdraw(self, cell: Cell) -> None:
        """Take this cell; only while it is ready."""
        self._ready.remove(cell.id)

    def put_back(self, cell: Cell) -> None:
        """A taken cell is to be run after all."""
        self._ready.add(cell.id)

    def done(self, cell: Cell) -> None:
        """A taken cell is done: its dependents may be ready now."""
        for name in self._dependents[cell.id]:
            self._missing[name].discard(cell.id)
            if not self._missing[name] and name in self._waiting:
                self._waiting.remove(name)
                self._ready.add(name)

    def failed(self, cell: Cell) -> list[Cell]:
        """A taken cell failed: its dependents, direct and further, leave the queue."""
        blocked: list[Cell] = []
        names = list(self._dependents[cell.id])
        while names:
            name = names.pop()
            if name in self._waiting:
                self._waiting.remove(name)
                blocked.append(self._cells[name])
                names += self._dependents[name]
        return sorted(blocked, key=lambda found: self._place(found.id))

    def _priority(self, cell: str, near: Collection[str]) -> tuple[int, int, int]:
        shared = sum(need in near for need in self._cells[cell].needs.values()) if near else 0
        return -self._rank[cell], -shared, self._order[cell]

    def _place(self, cell: str) -> int:
        return self._order[cell]


def _ranks(
    cells: Sequence[Cell],
    dependents: Mapping[str, Sequence[str]],
    seconds: Callable[[Cell], float],
) -> dict[str, int]:
    """Power of two of the expected seconds of the longest chain that begins with each cell."""
    chains: dict[str, float] = {}
    for cell in reversed(cells):
        after = max((chains[name] for name in dependents.get(cell.id, ())), default=0.0)
        chains[cell.id] = seconds(cell) + after
    return {cell: math.floor(math.log2(chain + 1.0)) for cell, chain in chains.items()}
