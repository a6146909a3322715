"""Long passes over records, kept in parts so that an interruption loses little.

A pass computes arrays whose first dimension is the record, in blocks of records. Blocks lie at the
same places whatever happened before, so what is computed together, hence every bit of the result,
does not depend on where earlier sessions stopped.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from severe_bench.core.atomic import atomic_path
from severe_bench.core.errors import Interrupted, UserError
from severe_bench.core.session import Progress, Session

PARTS_FOLDER = "parts"
PART_BYTES = 256 << 20
"""Of rows held in memory before they are written as a part, about."""

Rows = Mapping[str, NDArray[Any]]
"""Arrays by name, with the record as first dimension."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pass:
    """One pass over records.

    Args:
        stage: shown as progress, and the beginning of the parts' names.
        total: records, at least 1.
        key: digest of what the rows depend on beyond the cell, e.g. the trained network; parts
            with another key are removed.
    """

    stage: str
    total: int
    key: str


def rows_of(plan: Pass, blocks: Callable[[int], Iterator[Rows]], session: Session) -> Rows:
    """All rows of a pass, computed or found in the session's folder.

    Args:
        plan: what to go through.
        blocks: from the index of a record, which is 0 or the end of a block, to the blocks of rows
            from there to the last record.
        session: parts are written when a checkpoint is due or a stop is asked for, and at the end.

    Raises:
        Interrupted: after writing what there is.
    """
    return _joined(list(parts_of(plan, blocks, session)))


def parts_of(
    plan: Pass, blocks: Callable[[int], Iterator[Rows]], session: Session
) -> Iterator[Rows]:
    """Likewise, part by part and read when asked for, so that a pass may be larger than memory.

    All is computed and in the session's folder before the first part is handed out.
    """
    paths = _Run(plan, blocks, session).completed()
    return (_handed_out(path, plan.key) for path in paths)


class _Run:
    """One session's part of a pass."""

    def __init__(
        self, plan: Pass, blocks: Callable[[int], Iterator[Rows]], session: Session
    ) -> None:
        self.plan, self.session = plan, session
        self.folder = session.folder / PARTS_FOLDER
        self.written, self.done = _kept(self.folder, plan)
        self.fresh: list[Rows] = []
        self.first = self.done
        self.began = time.perf_counter()
        self.blocks = blocks(self.done) if self.done < plan.total else iter(())

    def completed(self) -> list[Path]:
        while self.done < self.plan.total:
            self._keep_or_stop()
            self.fresh.append(next(self.blocks))
            self.done += _length(self.fresh[-1])
            self._report()
        self._flush()
        return self.written

    def _keep_or_stop(self) -> None:
        if self.session.should_stop():
            self._flush()
            raise Interrupted(f"stopped after {self.done} of {self.plan.total} videos")
        if self.session.checkpoint_due() or sum(map(_bytes, self.fresh)) > PART_BYTES:
            self._flush()

    def _flush(self) -> None:
        """Write what is not yet written, as one part."""
        if not self.fresh:
            return
        part = _joined(self.fresh)
        path = _file(self.folder, self.plan, self.done - _length(part))
        with atomic_path(path) as temporary, temporary.open("wb") as stream:
            key = np.array(_stamp(self.plan.key, part))
            np.savez(stream, allow_pickle=False, key=key, **part)
        self.written.append(path)
        self.fresh = []

    def _report(self) -> None:
        rate = (self.done - self.first) / (time.perf_counter() - self.began)
        self.session.report(Progress(self.plan.stage, self.done, self.plan.total, rate=rate))


def _kept(folder: Path, plan: Pass) -> tuple[list[Path], int]:
    """The parts from the first record on without a gap, and how many records they hold.

    Others of this stage are removed.
    """
    kept: list[Path] = []
    done = 0
    left = set(folder.glob(f"{plan.stage}-*.npz"))
    while (path := _file(folder, plan, done)) in left:
        rows = _read(path, plan.key)
        if rows is None:
            break
        left.remove(path)
        kept.append(path)
        done += _length(rows)
    for path in left:
        path.unlink()
    return kept, done


def _stamp(key: str, rows: Rows) -> str:
    """What a part belongs to, and the names of its arrays, so that none can be missing."""
    return " ".join([key, *sorted(rows)])


def _read(path: Path, key: str) -> Rows | None:
    try:
        with np.load(path, allow_pickle=False) as arrays:
            rows = dict(arrays)
    except Exception as error:  # damage can raise anything
        _log.warning("%s is damaged (%s) and will be computed again", path, error)
        return None
    if str(rows.pop("key", "")) != _stamp(key, rows):
        _log.warning("%s belongs to another network and will be computed again", path)
        return None
    return rows


def _handed_out(path: Path, key: str) -> Rows:
    rows = _read(path, key)
    if rows is None:
        raise UserError("changed while it was read", str(path), "run again")
    return rows


def _file(folder: Path, plan: Pass, start: int) -> Path:
    return folder / f"{plan.stage}-{start:08d}.npz"


def _joined(blocks: list[Rows]) -> Rows:
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def _length(rows: Rows) -> int:
    return len(next(iter(rows.values())))


def _bytes(rows: Rows) -> int:
    return sum(array.nbytes for array in rows.values())
