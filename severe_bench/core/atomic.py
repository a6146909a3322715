"""Files that other processes read: written beside the target, fsynced, renamed."""

import errno
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from severe_bench.core.errors import UserError

TEMPORARY_MARK = ".partial-"

IN_THE_WAY: Final = "a file, or a link to nothing, stands where a folder is needed: move it away"
MENDS = {
    errno.ENOSPC: "free some space or pass another --results folder",
    errno.EDQUOT: "your quota is used up: delete something or pass another --results folder",
    errno.EROFS: "the file system is read-only: pass another --results folder",
    errno.EACCES: "no permission: pass a --results folder you may write to",
    errno.EPERM: "no permission: pass a --results folder you may write to",
    errno.ENOTDIR: IN_THE_WAY,
    errno.EEXIST: IN_THE_WAY,
    errno.EISDIR: "a folder stands where a file is needed: move it away",
    errno.ENAMETOOLONG: "the path is too long: pass another --results folder",
    errno.ELOOP: "a link in the path leads to itself: pass another --results folder",
    errno.EIO: "the disk reports an error: pass another --results folder",
    errno.ESTALE: "the network file system lost the folder: mount it again",
}
NO_FOLDER = "the folder is gone, or cannot be made here: pass another --results folder"


@contextmanager
def mendable_writes(path: Path) -> Iterator[None]:
    """Turn what the user can mend about writing `path` (disk full, read-only, ...) into one line.

    Raises:
        UserError: for the errors in `MENDS`, and where there is no folder for `path`; any other
            `OSError` passes as it is.
    """
    try:
        yield
    except OSError as error:
        gone = error.errno == errno.ENOENT and not path.parent.is_dir()
        mend = NO_FOLDER if gone else MENDS.get(error.errno or 0)
        if mend is None:
            raise
        raise UserError(f"cannot write: {error.strerror}", str(path), mend) from error


def of_the_disk(error: Exception) -> UserError | None:
    """What the user can mend about a file that was read or written, whoever asked for it.

    One without a name is what is printed to.
    """
    if not isinstance(error, OSError) or error.errno not in MENDS:
        return None
    what = error.strerror or str(error)
    if error.filename is None:
        return UserError(what, "output", "free some space, or send it elsewhere")
    mend = "mend its permissions, or what is in the way, or pass another folder"
    return UserError(what, os.fspath(error.filename), mend)


def require_writable(folder: Path) -> None:
    """Refuse a folder that may not be written, or not be made; makes nothing.

    Raises:
        UserError: no permission, a read-only file system, or something else is in the way.
    """
    with mendable_writes(folder):
        there = next(place for place in (folder, *folder.parents) if os.path.lexists(place))
        code = _hindrance(there)
        if code is not None:
            raise OSError(code, os.strerror(code))


def _hindrance(place: Path) -> int | None:
    """Why nothing can be written into what is there: a code of `errno`; None where it can be."""
    if not place.is_dir():
        return errno.ENOTDIR
    if os.access(place, os.W_OK | os.X_OK):
        return None
    read_only = os.statvfs(place).f_flag & os.ST_RDONLY
    return errno.EROFS if read_only else errno.EACCES


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
