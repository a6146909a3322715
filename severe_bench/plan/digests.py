"""Digests of checkpoint files, remembered between runs."""

import contextlib
from pathlib import Path

from pydantic import TypeAdapter

from severe_bench.core.atomic import write_json
from severe_bench.core.digest import file_digest
from severe_bench.core.errors import UserError
from severe_bench.core.frozen import Frozen


class Known(Frozen):
    """Digest of a file, and how the file looked when it was read.

    Args:
        stamp: size, inode, and times of change of content and of anything, in nanoseconds. The
            last is the kernel's alone to set: `cp -p` and `rsync -t` over a file change it too.
        sha256: 64 hex digits.
    """

    stamp: tuple[int, int, int, int]
    sha256: str


MEMORY = TypeAdapter(dict[str, Known])


class FileDigests:
    """SHA-256 of files; a file that looks the same to the file system is not read again.

    The memory is a help only: a file that is damaged or cannot be written costs time, nothing else.

    Args:
        memory: JSON file, usually `<results>/shared/digests.json`; None remembers nothing.
    """

    def __init__(self, memory: Path | None) -> None:
        self.memory = memory
        self._known = _read(memory)
        self._new = False

    def __call__(self, path: Path) -> str:
        """SHA-256 of `path`, 64 hex digits.

        Raises:
            UserError: the file cannot be read.
        """
        try:
            name, stamp = str(path.resolve()), _stamp(path)
            known = self._known.get(name)
            if known is None or known.stamp != stamp:
                known = Known(stamp=stamp, sha256=file_digest(path))
                self._known[name] = known
                self._new = True
        except OSError as error:
            mend = "check the path and its permissions"
            raise UserError(f"cannot read: {error.strerror}", str(path), mend) from error
        return known.sha256

    def forget(self, path: Path) -> None:
        """Read a file again when it is asked for next."""
        if self._known.pop(str(path.resolve()), None) is not None:
            self._new = True

    def save(self) -> None:
        """Write what was learnt, where that is possible."""
        if self.memory is None or not self._new:
            return
        with contextlib.suppress(UserError, OSError):  # a folder to read only may still be planned
            write_json(self.memory, MEMORY.dump_python(self._known, mode="json"))
            self._new = False


def _stamp(path: Path) -> tuple[int, int, int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_ino, stat.st_mtime_ns, stat.st_ctime_ns


def _read(memory: Path | None) -> dict[str, Known]:
    if memory is None:
        return {}
    try:
        return MEMORY.validate_json(memory.read_bytes())
    except (OSError, ValueError):
        return {}
