"""Which cells a plan still has to compute."""

from collections.abc import Collection, Sequence

from severe_bench.plan.cell import Cell


def blocked(cells: Sequence[Cell], unavailable: Collection[str]) -> dict[str, str]:
    """Cells that wait for an unavailable one, directly or not, each with the need that blocks it.

    Args:
        cells: in topological order.
        unavailable: ids of cells that will not be done (impossible, failed).
    """
    found: dict[str, str] = {}
    for cell in cells:
        if cell.id in unavailable:
            continue
        for need in cell.needs.values():
            if need in unavailable or need in found:
                found[cell.id] = found.get(need, need)
                break
    return found


def impossible(cells: Sequence[Cell], done: Collection[str]) -> dict[str, str]:
    """Cells that cannot run here, or that need one that cannot, each with the reason.

    Args:
        cells: in topological order.
        done: ids of finished cells; these need nothing any more.
    """
    problems = {cell.id: cell.problem for cell in cells if cell.problem and cell.id not in done}
    hindered = blocked([cell for cell in cells if cell.id not in done], problems)
    reasons = {cell: f"needs {need}: {problems[need]}" for cell, need in hindered.items()}
    return problems | reasons


def demanded(
    cells: Sequence[Cell], done: Collection[str], hopeless: Collection[str] = ()
) -> frozenset[str]:
    """Cells to compute: goals that are not done, and what these need.

    A goal is an evaluated cell, or a cell that no other needs. What only finished cells needed is
    not made again, so that shared folders may be deleted once a suite is complete.

    Args:
        cells: in topological order.
        done: ids of finished cells.
        hopeless: ids of cells that will not be run now, and hence demand nothing.
    """
    needed = {need for cell in cells for need in cell.needs.values()}
    wanted: set[str] = set()
    for cell in reversed(cells):
        goal = cell.job.kind == "evaluate" or cell.id not in needed
        if cell.id in done or cell.id in hopeless:
            continue
        if goal or cell.id in wanted:
            wanted.add(cell.id)
            wanted.update(need for need in cell.needs.values() if need not in done)
    return frozenset(wanted)
