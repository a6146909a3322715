"""Files that other processes read: written beside the target, fsynced, renamed."""

import errno
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from severe_bench.core.errors import UserError

TEMPORARY_MARK = ".partial-"

MENDS = {
    errno.ENOSPC: "free some space or pass another --results folder",
    errno.EDQUOT: "your quota is used up: delete something or pass another --results folder",
    errno.EROFS: "the file system is read-only: pass another --results folder",
    errno.EACCES: "no permission: pass a --results folder you may write to",
    errno.EPERM: "no permission: pass a --results folder you may write to",
    errno.ENOTDIR: "a file stands where a folder is needed: move it away",
    errno.EEXIST: "a file stands where a folder is needed: move it away",
    errno.ESTALE: "the network file system lost the folder: mount it again",
}


@contextmanager
def mendable_writes(path: Path) -> Iterator[None]:
    """Turn what the user can mend about writing `path` (disk full, read-only, ...) into one line.

    Raises:
        UserError: for the errors in `MENDS`; any other `OSError` passes as it is.
    """
    try:
        yield
    except OSError as error:
        mend = MENDS.get(error.errno or 0)
        if mend is None:
            raise
        raise UserError(f"cannot write: {error.strerror}", str(path), mend) from error


def require_writable(folder: Path) -> None:
    """Refuse a folder that may not be written, or not be made; makes nothing.

    Raises:
        UserError: no permission, or a read-only file system.
    """
    there = next(place for place in (folder, *folder.parents) if place.exists())
    if not os.access(there, os.W_OK | os.X_OK):
        what = f"cannot write: {os.strerror(errno.EACCES)}"
        raise UserError(what, str(folder), MENDS[errno.EACCES])


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success fsync it and rename it into place.

    The temporary name keeps the suffix, so writers that look at it (PyAV, NumPy) behave the same.
    On any exception the temporary file is removed and `path` is as it was.

    Raises:
        UserError: the folder cannot be written or the disk is full.
    """
    temporary = path.with_name(f"{path.stem}{TEMPORARY_MARK}{uuid.uuid4().hex[:8]}{path.suffix}")
    with mendable_writes(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            _fsync(temporary)
            temporary.replace(path)
            _fsync(path.parent)
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
