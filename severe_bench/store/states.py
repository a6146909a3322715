"""The state of many cells at a glance: a few system calls each, nothing parsed but heads."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from severe_bench.core.atomic import IN_THE_WAY
from severe_bench.core.errors import UserError
from severe_bench.plan.cell import Cell
from severe_bench.store.cells import CorruptError, check
from severe_bench.store.layout import CELL, CLAIM, FAILURE, RESULT, Layout
from severe_bench.store.lock import owner

State = Literal["done", "running", "failed", "pending", "corrupt"]

HEAD_BYTES = 64


def states(layout: Layout, cells: Iterable[Cell]) -> dict[str, State]:
    """State by cell id.

    A cell whose `result.json` is whole and its own, and whose `cell.yaml` begins with the cell's
    id, is `done`; any other with a result is read by `cells.check`, and `corrupt` if that refuses.

    Raises:
        UserError: the results folder cannot be read.
    """
    wanted = list(cells)
    present = {kind: _names(layout.group(kind)) for kind in {cell.job.kind for cell in wanted}}
    return {
        cell.id: state_of(layout.folder(cell)) if cell.id in present[cell.job.kind] else "pending"
        for cell in wanted
    }


def state_of(folder: Path) -> State:
    """State of one cell, given its folder."""
    names = _names(folder)
    if RESULT in names:
        return "done" if _sound(folder) or _accepted(folder) else "corrupt"
    if CLAIM in names and owner(folder) is not None:
        return "running"
    return "failed" if FAILURE in names else "pending"


def _names(folder: Path) -> frozenset[str]:
    try:
        return frozenset(os.listdir(folder))  # noqa: PTH208 - names only, ten thousand times
    except FileNotFoundError:
        return frozenset()
    except OSError as error:
        raise unreadable(folder, error) from error


def unreadable(path: Path, error: OSError) -> UserError:
    """What the user can mend about a folder or file of the results that cannot be read."""
    in_the_way = isinstance(error, NotADirectoryError)
    mend = IN_THE_WAY if in_the_way else "mend its permissions or pass another --results folder"
    return UserError(f"cannot read: {error.strerror or error}", str(path), mend)


def _sound(folder: Path) -> bool:
    content = _bytes(folder / RESULT, None)
    whole = content.startswith(b"{") and content.endswith(b"}\n")
    name = folder.name.encode()
    return whole and b'"cell": "' + name + b'"' in content and _named(folder, name)


def _accepted(folder: Path) -> bool:
    """Whether a closer look finds nothing wrong: somebody's editor was here, say."""
    try:
        return check(folder) is not None
    except CorruptError:
        return False


def _named(folder: Path, name: bytes) -> bool:
    return name in _bytes(folder / CELL, HEAD_BYTES).partition(b"\n")[0]


def _bytes(path: Path, size: int | None) -> bytes:
    try:
        with open(path, "rb", buffering=0) as stream:  # noqa: PTH123 - as above
            return stream.read(-1 if size is None else size) or b""
    except OSError:
        return b""
