"""The failure of a cell whose worker could not store it any more."""

from datetime import UTC, datetime

from severe_bench.plan.cell import Cell
from severe_bench.run.failures import HINTS
from severe_bench.run.process import tail
from severe_bench.store.cells import clean, write_cell, write_failure
from severe_bench.store.events import EventLog, attempts, close_attempt
from severe_bench.store.layout import LOG, RESULT, Layout
from severe_bench.store.lock import claim
from severe_bench.store.result import Failure, FailureClass


def store_failure(layout: Layout, cell: Cell, failure_class: FailureClass, message: str) -> bool:
    """Store that a cell was lost or ran out of time, with the end of its log.

    Returns:
        False where the cell was finished after all, or another process has taken it up.

    Raises:
        UserError: the results folder cannot be written.
    """
    folder = layout.folder(cell)
    held = claim(folder)
    if held is None:
        return False
    try:
        if (folder / RESULT).exists():
            return False
        if held.dead_since is not None:
            close_attempt(folder, held.dead_since)
        clean(folder)
        write_cell(folder, cell)
        EventLog(folder).add("failed", note=failure_class)
        failure = Failure(
            cell=cell.id,
            failure_class=failure_class,
            message=message,
            traceback=tail(folder / LOG),
            hint=HINTS[failure_class],
            attempts=attempts(folder).count,
            time=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        write_failure(folder, failure)
        return True
    finally:
        held.release()
