"""Files that other processes read: written beside the target, fsynced, renamed."""

import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from severe_bench.core.errors import UserError

TEMPORARY_MARK = ".partial-"


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success fsync it and rename it into place.

    The temporary name keeps the suffix, so writers that look at it (PyAV, NumPy) behave the same.
    On any exception the temporary file is removed and `path` is as it was.

    Raises:
        UserError: the folder cannot be written or the disk is full.
    """
    temporary = path.with_name(f"{path.stem}{TEMPORARY_MARK}{uuid.uuid4().hex[:8]}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        _fsync(temporary)
        temporary.replace(path)
        _fsync(path.parent)
    except OSError as error:
        reason = error.strerror or str(error)
        mend = "free some space or pass another --results folder"
        raise UserError(f"cannot write: {reason}", str(path), mend) from error
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path` atomically."""
    with atomic_path(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, content: str) -> None:
    """Write UTF-8 `content` to `path` atomically."""
    write_bytes(path, content.encode())


def write_json(path: Path, content: object) -> None:
    """Write `content` as indented, key-sorted JSON; NaN and infinity are refused."""
    write_text(path, json.dumps(content, indent=2, sort_keys=True, allow_nan=False) + "\n")


def _fsync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
