"""Cells whose whole task was killed for want of memory: not to be submitted again unasked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from severe_bench.plan.cell import Cell
from severe_bench.run.aftermath import store_failure
from severe_bench.run.cluster import slurm_commands
from severe_bench.run.cluster import submission as ledger
from severe_bench.run.process import tail
from severe_bench.store.layout import Layout
from severe_bench.store.lock import last_owner, owner

OUT_OF_MEMORY = "OUT_OF_MEMORY"
LOG_WORDS = re.compile(r"slurmstepd.*(oom.kill|OOM Killed|memory limit)", re.IGNORECASE)
"""What Slurm's daemon writes into a task's log: with control groups, and without them."""


@dataclass(frozen=True)
class Task:
    """A task as Slurm names it, and what it printed."""

    name: str
    logs: Path

    @property
    def job(self) -> str:
        """Number of its job."""
        return self.name.partition("_")[0]

    @property
    def says_so(self) -> bool:
        """Whether its log says that it was killed for want of memory."""
        logs = self.logs.glob(f"{self.name}_*_log.err")
        return any(LOG_WORDS.search(tail(path)) for path in logs)


def note_out_of_memory(layout: Layout, cells: Sequence[Cell]) -> int:
    """Store as failed what ran when Slurm killed its task for want of memory; return how many.

    The task's log tells, or accounting; where neither does, such a cell is submitted like any other
    lost one.

    Raises:
        UserError: the results folder cannot be written.
    """
    lost = [cell for cell in cells if _was_lost(layout, cell)]
    tasks = _last_tasks(layout, {cell.id for cell in lost}) if lost else {}
    jobs = sorted({task.job for task in tasks.values()})
    full = {task.task for task in slurm_commands.accounted(jobs) if task.state == OUT_OF_MEMORY}
    killed = [
        cell
        for cell in lost
        if cell.id in tasks and (tasks[cell.id].says_so or tasks[cell.id].name in full)
    ]
    return sum(
        store_failure(layout, cell, "out_of_memory", f"Slurm ended its task {tasks[cell.id].name}")
        for cell in killed
    )


def _was_lost(layout: Layout, cell: Cell) -> bool:
    folder = layout.folder(cell)
    return last_owner(folder) is not None and owner(folder) is None


def _last_tasks(layout: Layout, cells: set[str]) -> dict[str, Task]:
    """The task that each cell was given to last."""
    found: dict[str, Task] = {}
    for array in (array for array in ledger.submissions(layout) if array.job):
        for number, ids in enumerate(array.cells):
            name = f"{array.job}_{number}" if len(array.cells) > 1 else array.job
            found |= {cell: Task(name, array.logs) for cell in ids if cell in cells}
    return found
