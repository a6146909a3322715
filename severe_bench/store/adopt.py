"""A cell that another suite of the same results folder has finished is taken over, not repeated."""

import os
import shutil
from pathlib import Path

from severe_bench.core.atomic import mendable_writes
from severe_bench.plan.cell import Cell
from severe_bench.store.cells import (
    CorruptError,
    check,
    output_files,
    write_cell,
    write_result,
)
from severe_bench.store.layout import (
    CHECKPOINT,
    EVENTS,
    FAILURE,
    LOG,
    RESULT,
    SHARED,
    Layout,
)

TAKEN = (EVENTS, LOG)


def adopt(layout: Layout, cell: Cell) -> bool:
    """Take a finished cell over from another suite, under this suite's names.

    Outputs are hard-linked where the file system can, else copied; `result.json` comes last. The
    caller holds the cell's claim.

    Returns:
        Whether there was one.
    """
    if cell.job.kind != "evaluate":
        return False
    return any(_take(layout, cell, source) for source in _elsewhere(layout, cell))


def _elsewhere(layout: Layout, cell: Cell) -> list[Path]:
    found = layout.results.glob(f"*/cells/{cell.id}/{RESULT}")
    here = layout.folder(cell)
    folders = [path.parent for path in sorted(found)]
    return [folder for folder in folders if folder != here and folder.parts[-3] != SHARED]


def _take(layout: Layout, cell: Cell, source: Path) -> bool:
    target = layout.folder(cell)
    try:
        result = check(source)
        if result is None:
            return False
        for path in sorted(source.iterdir()):
            if path.name in result.files or path.name in TAKEN:
                _link(path, target / path.name)
    except (CorruptError, FileNotFoundError):  # damaged, or its own suite sets it aside just now
        return False
    write_cell(target, cell)
    names = {"label": cell.label, "files": output_files(target)}
    write_result(target, result.model_copy(update=names))
    for name in (CHECKPOINT, FAILURE):  # of this suite's own attempts at it
        (target / name).unlink(missing_ok=True)
    return True


def _link(source: Path, target: Path) -> None:
    with mendable_writes(target):
        target.unlink(missing_ok=True)
        if source.name in TAKEN:  # these are appended to, a link would grow in both suites
            shutil.copyfile(source, target)
            return
        try:
            os.link(source, target)
        except OSError:
            shutil.copyfile(source, target)
