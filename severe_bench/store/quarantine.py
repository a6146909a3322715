"""Damaged cell folders are moved aside and named; the cells are then computed again."""

import time
from dataclasses import dataclass
from pathlib import Path

from severe_bench.core.atomic import mendable_writes
from severe_bench.store.cells import CorruptError
from severe_bench.store.layout import Layout


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


def quarantine(layout: Layout, folder: Path, error: CorruptError) -> Quarantined:
    """Move a cell folder into the suite's quarantine; the caller holds the cell's claim.

    Raises:
        UserError: the results folder cannot be written.
    """
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    target = layout.quarantine / f"{folder.name}-{stamp}-{time.time_ns() % 10**6:06d}"
    with mendable_writes(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(target)
    return Quarantined(folder.name, target, f"{error.path.name} {error.reason}")


def in_quarantine(layout: Layout) -> tuple[str, ...]:
    """Names of the folders in the suite's quarantine, oldest first within a cell."""
    if not layout.quarantine.is_dir():
        return ()
    return tuple(sorted(path.name for path in layout.quarantine.iterdir()))
