"""Which class of failure an exception is, and what to do about it."""

import errno
import os
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from severe_bench.core.atomic import MENDS
from severe_bench.core.errors import UserError
from severe_bench.store.result import FailureClass

CLASS_OF_TYPE: dict[str, FailureClass] = {
    "MemoryError": "out_of_memory",
    "OutOfMemoryError": "out_of_memory",
    "NanLoss": "nan_loss",
    "NotFinite": "nan_loss",
    "FloatingPointError": "nan_loss",
    "VideoError": "decode",
    "DECORDError": "decode",
    "FFmpegError": "decode",
    "FileNotFoundError": "missing_data",
}
"""By type name, so that nothing heavy is imported to classify."""

HINTS: dict[FailureClass, str] = {
    "out_of_memory": "set numerics.micro_batch lower, or run on a device with more memory",
    "missing_data": "check the dataset's root and lists, then --retry missing_data",
    "decode": "replace or re-encode the file, then --retry decode",
    "nan_loss": "lower the learning rate in the recipe, or use precision fp32",
    "timeout": "give it more time, then --retry timeout goes on from its checkpoint",
    "lost": "see log.txt in its folder; if it was out of memory, free some; then --retry lost",
    "user": "mend what the message says, then --retry user",
    "other": "see the traceback in failure.json; after mending it, --retry other",
}

OUT_OF_MEMORY_WORDS = ("out of memory", "can't allocate memory", "cannot allocate memory")
STORAGE_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.ESTALE})
LEAST_FREE_BYTES = 64 * 1024


@dataclass(frozen=True)
class Diagnosis:
    """An exception, told to the user."""

    failure_class: FailureClass
    message: str
    hint: str
    traceback: str


def diagnose(error: BaseException) -> Diagnosis:
    """Class, one line, hint and traceback of an exception."""
    found = _class_of(error)
    text = " ".join(str(error).split()) or "no message"
    message = text if isinstance(error, UserError) else f"{type(error).__name__}: {text}"
    lines = traceback.format_exception(error)
    return Diagnosis(found, message, HINTS[found], "".join(lines))


def storage_error(error: BaseException, folder: Path) -> UserError | None:
    """The error as a matter of the results folder (full, read-only, gone), or None if it is not.

    Such an error is not the cell's: it is not stored (it could not be), and the run stops.

    Args:
        error: what a cell raised.
        folder: the cell's.
    """
    for link in _chain(error):
        if isinstance(link, UserError) and isinstance(link.__cause__, OSError):
            if (link.__cause__.errno or 0) in MENDS and Path(link.where).is_relative_to(folder):
                return link
        elif isinstance(link, OSError) and link.errno in STORAGE_ERRORS:
            return _storage(link.errno, Path(link.filename) if link.filename else folder)
    if isinstance(error, RuntimeError) and _is_full(folder):  # how torch reports a full disk
        return _storage(errno.ENOSPC, folder)
    return None


def _storage(code: int, path: Path) -> UserError:
    return UserError(f"cannot write: {os.strerror(code)}", str(path), MENDS[code])


def _is_full(folder: Path) -> bool:
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize < LEAST_FREE_BYTES


def _class_of(error: BaseException) -> FailureClass:
    for link in _chain(error):
        names = [kind.__name__ for kind in type(link).__mro__]
        for name in names:
            if name == "VideoError" and _is_absent(link):
                return "missing_data"
            if name in CLASS_OF_TYPE:
                return CLASS_OF_TYPE[name]
        if isinstance(link, RuntimeError | OSError) and _says_out_of_memory(link):
            return "out_of_memory"
    return "user" if isinstance(error, UserError) else "other"


def _is_absent(error: BaseException) -> bool:
    return isinstance(error, UserError) and bool(error.where) and not Path(error.where).exists()


def _says_out_of_memory(error: BaseException) -> bool:
    text = str(error).lower()
    return any(words in text for words in OUT_OF_MEMORY_WORDS)


def _chain(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    seen: set[int] = set()
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
