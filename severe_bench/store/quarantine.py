"""Damaged cell folders are moved aside and named; the cells are then computed again."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from severe_bench.core.atomic import mendable_writes
from severe_bench.core.errors import UserError
from severe_bench.plan.cell import Cell
from severe_bench.store.cells import CorruptError, check, read_failure, verify
from severe_bench.store.layout import Layout
from severe_bench.store.lock import claim

VIDEOS = "dataset"
"""The role of a need whose outputs are videos."""


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

    Damage is what shows without reading large files: see `cells.check`.

    Returns:
        What was moved; None where there was no need, or another process holds the cell.

    Raises:
        UserError: the results folder cannot be read or written.
    """
    return _quarantine(layout, folder, _damage)


def require_intact_needs(layout: Layout, cell: Cell) -> None:
    """Compare what a cell is going to read (features, weights) with its digests.

    A damaged folder is moved aside, so that the next run makes it again. Videos must be there, and
    are not compared: they are many, and their reader says what is wrong with one.

    Raises:
        UserError: naming the damaged file; a need is not done, because another worker has just set
            it aside, or somebody moved the folder; or the results folder cannot be read or written.
    """
    for role, need in cell.needs.items():
        folder = layout.needed(need)
        error = None if role == VIDEOS else _rot(folder)
        if error is None:
            continue
        _quarantine(layout, folder, _rot)
        what = f"{error.path.name} {error.reason}"
        mend = "its cell is set aside; start the same command again, which makes it anew"
        raise UserError(what, str(folder), mend)


def _quarantine(
    layout: Layout, folder: Path, damage: Callable[[Path], CorruptError | None]
) -> Quarantined | None:
    if damage(folder) is None:
        return None
    held = claim(folder)
    if held is None:
        return None
    error = damage(folder)  # again: it may have been mended before the claim
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


def _rot(folder: Path) -> CorruptError | None:
    try:
        verify(folder)
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
