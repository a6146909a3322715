"""What `severe status` says: how far a suite is."""

import os
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Literal, get_args

from pydantic import ValidationError

from severe_bench.core.frozen import Frozen
from severe_bench.plan.cell import Cell
from severe_bench.store.cells import CorruptError, read_failure
from severe_bench.store.demand import blocked, demanded, impossible
from severe_bench.store.layout import PROGRESS, RESULT, Layout
from severe_bench.store.lock import Owner, last_owner, owner
from severe_bench.store.quarantine import in_quarantine
from severe_bench.store.states import State, states

Shown = Literal[
    "done", "running", "queued", "failed", "pending", "corrupt", "impossible", "blocked", "idle"
]


class Snapshot(Frozen):
    """`progress.json`: how far a running cell was a few seconds ago, for other processes."""

    stage: str
    done: int
    total: int
    epoch: int | None = None
    loss: float | None = None
    rate: float | None = None


class CellStatus(Frozen):
    """One cell's row.

    Args:
        state: as in `store.states`, and `impossible` (see `reason`), `blocked` (waits for a failed
            or impossible cell), `queued` (submitted to a cluster), `idle` (not made,
            and nothing left to run needs it).
        reason: why it is impossible, blocked, failed, or pending though somebody began it.
        owner, progress: of a running cell.
    """

    id: str
    title: str
    kind: str
    state: Shown
    reason: str = ""
    owner: Owner | None = None
    progress: Snapshot | None = None


class Status(Frozen):
    """How far a suite is; counts are of cells.

    Args:
        complete: nothing is left to run: no cell is pending, queued or running. Failed cells, and
            those blocked by them, are not run again until asked (`--retry`).
        pending: a run would take them up; damaged ones are among them.
        blocked: wait for a failed cell.
        impossible: cannot run here, whatever is done, or need one that cannot.
        quarantined: names of damaged cell folders that were moved aside.
        queued: wait in the queue of a cluster, as its scheduler says.
        others: finished cells in the suite's folder that are not of this plan.
    """

    suite: str
    complete: bool
    done: int
    running: int
    failed: int
    pending: int
    blocked: int
    impossible: int
    quarantined: tuple[str, ...]
    cells: tuple[CellStatus, ...]
    others: int = 0
    queued: int = 0


def status(layout: Layout, cells: Sequence[Cell], queued: Collection[str] = ()) -> Status:
    """The state of a plan's cells on disk.

    Args:
        layout: of the suite.
        cells: in topological order.
        queued: ids of cells that wait in the queue of a cluster; what lies on disk goes before.

    Raises:
        UserError: the results folder cannot be read.
    """
    shown = shown_states(cells, states(layout, cells))
    waiting: set[Shown] = {"pending", "idle"}
    for cell_id in queued:
        if cell_id in shown and shown[cell_id][0] in waiting:
            shown[cell_id] = "queued", ""
    rows = tuple(_row(layout.folder(cell), cell, *shown[cell.id]) for cell in cells)
    count = {state: sum(row.state == state for row in rows) for state in get_args(Shown)}
    pending = count["pending"] + count["corrupt"]
    return Status(
        suite=layout.suite,
        complete=pending + count["queued"] + count["running"] == 0,
        done=count["done"],
        running=count["running"],
        failed=count["failed"],
        pending=pending,
        blocked=count["blocked"],
        impossible=count["impossible"],
        quarantined=in_quarantine(layout),
        cells=rows,
        queued=count["queued"],
        others=_others(layout, {cell.id for cell in cells}),
    )


def _others(layout: Layout, ids: Collection[str]) -> int:
    try:
        names = os.listdir(layout.cells)  # noqa: PTH208 - names only, ten thousand times
    except FileNotFoundError:
        return 0
    return sum((layout.cells / name / RESULT).is_file() for name in names if name not in ids)


def shown_states(cells: Sequence[Cell], on_disk: dict[str, State]) -> dict[str, tuple[Shown, str]]:
    """State and reason of each cell, from what lies on disk and from what the plan knows."""
    done = {cell.id for cell in cells if on_disk[cell.id] == "done"}
    problems = impossible(cells, done)
    failed = {cell.id for cell in cells if on_disk[cell.id] == "failed"}
    hindered = blocked(cells, failed - set(problems))
    wanted = demanded(cells, done, {*problems, *failed, *hindered})
    found: dict[str, tuple[Shown, str]] = {}
    for cell in cells:
        state: Shown = on_disk[cell.id]
        if cell.id in problems and state != "done":
            found[cell.id] = ("impossible", problems[cell.id])
        elif state in {"pending", "corrupt"} and cell.id in hindered:
            found[cell.id] = ("blocked", f"needs {hindered[cell.id]}")
        elif state == "pending" and cell.id not in wanted:
            found[cell.id] = ("idle", "")
        else:
            found[cell.id] = (state, "")
    return found


def _row(folder: Path, cell: Cell, state: Shown, reason: str) -> CellStatus:
    running = state == "running"
    if state == "failed":
        reason = _failure(folder)
    elif state == "pending":
        reason = _lost(folder)
    return CellStatus(
        id=cell.id,
        title=cell.title,
        kind=cell.job.kind,
        state=state,
        reason=reason,
        owner=owner(folder) if running else None,
        progress=_snapshot(folder) if running else None,
    )


def _failure(folder: Path) -> str:
    try:
        failure = read_failure(folder)
    except CorruptError as error:
        return str(error)
    return failure.told if failure else ""


def _lost(folder: Path) -> str:
    found = last_owner(folder)
    return f"process {found.pid} on {found.host} left it unfinished" if found else ""


def _snapshot(folder: Path) -> Snapshot | None:
    try:
        return Snapshot.model_validate_json((folder / PROGRESS).read_bytes())
    except (FileNotFoundError, ValidationError):
        return None
