"""Damaged cell folders are moved aside and named; the cells are then computed again."""

import time
from dataclasses import dataclass
from pathlib import Path

from severe_bench.core.atomic import mendable_writes
from severe_bench.store.cells import CorruptError, check, read_failure
from severe_bench.store.layout import Layout
from severe_bench.store.lock import claim


@dataclass(frozen=True)
class Quarantined:
    """A folder that was moved aside.

    Args:
        cell: its id.
        folder: where it is now.
        reason: what was wrong with it.
    """

    cell: str
    folder: Path
    reason: str

    def __str__(self) -> str:
        """One line for the user."""
        return f"cell {self.cell} is damaged and was moved to {self.folder}: {self.reason}"


def quarantine_damaged(layout: Layout, folder: Path) -> Quarantined | None:
    """Move a cell folder aside if it is damaged and nobody works on it.

    Returns:
        What was moved; None where there was no need, or another process holds the cell.

    Raises:
        UserError: the results folder cannot be read or written.
    """
    if _damage(folder) is None:
        return None
    held = claim(folder)
    if held is None:
        return None
    error = _damage(folder)  # again: it may have been mended before the claim
    if error is None:
        held.release()
        return None
    target = _free_name(layout, folder)
    with mendable_writes(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        held.move_away(target)
    return Quarantined(folder.name, target, f"{error.path.name} {error.reason}")


def _damage(folder: Path) -> CorruptError | None:
    try:
        if check(folder) is None:
            read_failure(folder)
    except CorruptError as error:
        return error
    return None


def _free_name(layout: Layout, folder: Path) -> Path:
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    return layout.quarantine / f"{folder.name}-{stamp}-{time.time_ns() % 10**6:06d}"


def in_quarantine(layout: Layout) -> tuple[str, ...]:
    """Names of the folders in the suite's quarantine, oldest first within a cell."""
    if not layout.quarantine.is_dir():
        return ()
    return tuple(sorted(path.name for path in layout.quarantine.iterdir()))
