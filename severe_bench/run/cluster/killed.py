"""Cells whose whole task was killed for want of memory: not to be submitted again unasked."""

from collections.abc import Sequence

from severe_bench.plan.cell import Cell
from severe_bench.run.aftermath import store_failure
from severe_bench.run.cluster import slurm_commands
from severe_bench.run.cluster import submission as ledger
from severe_bench.store.layout import Layout
from severe_bench.store.lock import last_owner, owner

OUT_OF_MEMORY = "OUT_OF_MEMORY"


def note_out_of_memory(layout: Layout, cells: Sequence[Cell]) -> int:
    """Store as failed what ran when Slurm killed its task for want of memory; return how many.

    Only accounting knows; where there is none, such a cell is submitted like any other lost one.

    Raises:
        UserError: the results folder cannot be written.
    """
    lost = [cell for cell in cells if _was_lost(layout, cell)]
    if not lost:
        return 0
    tasks = _last_tasks(layout, {cell.id for cell in lost})
    jobs = sorted({task.partition("_")[0] for task in tasks.values()})
    full = {task.task for task in slurm_commands.accounted(jobs) if task.state == OUT_OF_MEMORY}
    killed = [cell for cell in lost if tasks.get(cell.id) in full]
    return sum(
        store_failure(layout, cell, "out_of_memory", f"Slurm ended its task {tasks[cell.id]}")
        for cell in killed
    )


def _was_lost(layout: Layout, cell: Cell) -> bool:
    folder = layout.folder(cell)
    return last_owner(folder) is not None and owner(folder) is None


def _last_tasks(layout: Layout, cells: set[str]) -> dict[str, str]:
    """The task that each cell was given to last, as Slurm names it."""
    found: dict[str, str] = {}
    for array in ledger.submissions(layout):
        for number, ids in enumerate(array.cells):
            name = f"{array.job}_{number}" if len(array.cells) > 1 else array.job
            found |= {cell: name for cell in ids if cell in cells}
    return found
