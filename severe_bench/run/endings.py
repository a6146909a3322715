"""What becomes of a run's cells: done here or elsewhere, failed, lost, tried again."""

from collections import Counter

from severe_bench.plan.cell import Cell
from severe_bench.plan.expect import Expectations
from severe_bench.run import memory
from severe_bench.run.aftermath import store_failure
from severe_bench.run.events import Blocked, Failed, Finished, Observer, Retried, Waiting
from severe_bench.run.queue import Queue
from severe_bench.store.cells import CorruptError, read_failure, read_result
from severe_bench.store.layout import Layout
from severe_bench.store.lock import owner
from severe_bench.store.result import FailureClass, told
from severe_bench.store.states import state_of


class Endings:
    """Keeps count, and tells the queue, the estimate and the observer.

    Args:
        layout: of the suite.
        queue: the run's cells; what fails here blocks others there, what is lost goes back.
        expect: learns from each finished cell.
        observe: is told what happens.
        losses: how often a cell whose worker died is tried again.

    Attributes:
        done: ids of cells that came to an end, `waited` those among them that another run did.
        failed, blocked: id -> message, and id -> id of the failed cell that it needs.
        elsewhere: id -> cell that another run holds.
    """

    def __init__(
        self,
        layout: Layout,
        queue: Queue,
        expect: Expectations,
        observe: Observer,
        losses: int,
    ) -> None:
        self._layout, self._queue = layout, queue
        self._expect, self._observe = expect, observe
        self._most_losses = losses
        self._losses: Counter[str] = Counter()
        self._oom_kills = memory.oom_kills()
        self.done: list[str] = []
        self.waited: list[str] = []
        self.failed: dict[str, str] = {}
        self.blocked: dict[str, str] = {}
        self.elsewhere: dict[str, Cell] = {}

    def is_done(self, cell: Cell, seconds: float) -> None:
        """A cell came to its end."""
        self.done.append(cell.id)
        self._expect.learn(cell, seconds)
        self._queue.done(cell)
        self._observe(Finished(cell, seconds))

    def has_failed(self, cell: Cell, message: str) -> None:
        """A cell failed, and that is stored."""
        self.failed[cell.id] = message
        self._observe(Failed(cell, message))
        for dependent in self._queue.failed(cell):
            self.blocked[dependent.id] = cell.id
            self._observe(Blocked(dependent, cell))

    def is_elsewhere(self, cell: Cell) -> None:
        """Another run holds a cell."""
        self.elsewhere[cell.id] = cell
        found = owner(self._layout.folder(cell))
        text = f"process {found.pid} on {found.host}" if found else "another process"
        self._observe(Waiting(cell, text))

    def look_elsewhere(self, cell: Cell) -> None:
        """What another run has made of a cell; taken over when that run is dead."""
        folder = self._layout.folder(cell)
        if state_of(folder) == "running":
            return
        self.elsewhere.pop(cell.id, None)
        try:
            result, failure = read_result(folder), read_failure(folder)
        except CorruptError:
            result = failure = None  # the worker that takes it sets the folder aside
        if result is not None:
            self.waited.append(cell.id)
            self.is_done(cell, result.cost.seconds)
        elif failure is not None:
            self.has_failed(cell, failure.told)
        else:
            self._queue.put_back(cell)

    def lost_in_company(self, cell: Cell, how: str) -> None:
        """Nothing is held against a cell that did not run alone; now it will."""
        self._was_out_of_memory()
        self._queue.put_back(cell)
        self._observe(Retried(cell, f"its worker {how}"))

    def lost(self, cell: Cell, how: str) -> None:
        """A cell's worker died; that costs its work since the checkpoint, a few times."""
        if self._was_out_of_memory():
            self.give_up(cell, "out_of_memory", f"its worker {how}: the machine's memory was full")
            return
        self._losses[cell.id] += 1
        if self._losses[cell.id] <= self._most_losses:
            self._queue.put_back(cell)
            self._observe(Retried(cell, f"its worker {how}"))
            return
        self.give_up(cell, "lost", f"its worker {how}, {self._losses[cell.id]} times")

    def give_up(self, cell: Cell, failure_class: FailureClass, message: str) -> None:
        """Store a failure that the cell could not store itself."""
        if store_failure(self._layout, cell, failure_class, message):
            self.has_failed(cell, told(failure_class, message))
        else:
            self._queue.put_back(cell)  # done after all, or held: the next worker finds out

    def _was_out_of_memory(self) -> bool:
        """Whether the kernel has killed one more process of ours for want of memory."""
        if memory.oom_kills() <= self._oom_kills:
            return False
        self._oom_kills += 1
        return True
