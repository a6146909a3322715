"""Which cells a worker trains together: a cell and its fellows, which differ in budget and seed.

Cells stay the unit of everything. Company only leaves finished training in the folders of all, and
each is then run on its own, by whichever lane is free. A cell is in company once in a run at most;
whatever goes wrong there, it then runs alone.
"""

from collections import defaultdict
from collections.abc import Sequence

from severe_bench.adapt.company import may_train_together
from severe_bench.core.errors import UserError
from severe_bench.plan.cell import Cell
from severe_bench.plan.job import EvaluateJob
from severe_bench.run.process import Process
from severe_bench.run.queue import Queue

MOST = 32
"""Cells in one company."""

Kin = frozenset[tuple[str, str]]
"""What cells need; fellows need the same."""


class Companies:
    """Forms companies from the cells that are ready. No clock, no files.

    Args:
        cells: of the run.
        queue: where they wait; a company's cells are taken out of it together.
    """

    def __init__(self, cells: Sequence[Cell], queue: Queue) -> None:
        self._queue = queue
        self._kin: defaultdict[Kin, list[Cell]] = defaultdict(list)
        for cell in cells:
            if can_have_fellows(cell):
                self._kin[_kin(cell)].append(cell)
        self._joined: set[str] = set()

    def form(self, cell: Cell, idle: int) -> tuple[Cell, ...]:
        """Fellows of a cell that has just been taken, taken from the queue too; often none.

        Args:
            cell: with its fellows for one lane.
            idle: lanes that want work now, this one included. Where there is no other work for the
                rest of them, they get their share.
        """
        if cell.id in self._joined or not can_have_fellows(cell):
            return ()
        kin = self._kin[_kin(cell)]
        ready = [each for each in kin if self._is_free(each) and are_fellows(each, cell)]
        others = self._queue.ready - len(ready)
        parts = max(1, idle - others)
        share = min(MOST, -(-(len(ready) + 1) // parts)) - 1
        fellows = tuple(ready[:share])
        for fellow in fellows:
            self._queue.withdraw(fellow)
        self._joined.update(member.id for member in (cell, *fellows))
        return fellows

    def dissolve(self, process: Process) -> None:
        """Put the fellows of a cell that has ended, or whose worker has, back into the queue."""
        fellows, process.fellows = process.fellows, ()
        for fellow in fellows:
            self._queue.put_back(fellow)

    def _is_free(self, cell: Cell) -> bool:
        return cell.id not in self._joined and self._queue.is_ready(cell)


def can_have_fellows(cell: Cell) -> bool:
    """Whether a cell's head may train beside others."""
    try:
        return isinstance(cell.job, EvaluateJob) and may_train_together(cell.job)
    except UserError:  # a task that is not installed here: the cell's own run says so
        return False


def are_fellows(one: Cell, other: Cell) -> bool:
    """Whether two cells that need the same and can have fellows differ in budget and seed only."""
    if one.id == other.id:
        return False
    mine, theirs = one.job, other.job
    assert isinstance(mine, EvaluateJob)  # noqa: S101 - see `can_have_fellows`
    assert isinstance(theirs, EvaluateJob)  # noqa: S101 - likewise
    same = theirs.model_copy(update={"seed": mine.seed, "budget": mine.budget}) == mine
    return same and one.places == other.places


def _kin(cell: Cell) -> Kin:
    return frozenset(cell.needs.items())
