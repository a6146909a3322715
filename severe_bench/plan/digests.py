"""Digests of checkpoint files, remembered between runs."""

import contextlib
import json
from pathlib import Path

from severe_bench.core.atomic import write_json
from severe_bench.core.digest import file_digest
from severe_bench.core.errors import UserError


class FileDigests:
    """SHA-256 of files; a file with the same path, size and time of change is not read again.

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
            stat = path.stat()
            key = f"{path.resolve()}:{stat.st_size}:{stat.st_mtime_ns}"
            if key not in self._known:
                self._known[key] = file_digest(path)
                self._new = True
        except OSError as error:
            mend = "check the path and its permissions"
            raise UserError(f"cannot read: {error.strerror}", str(path), mend) from error
        return self._known[key]

    def save(self) -> None:
        """Write what was learnt, where that is possible."""
        if self.memory is not None and self._new:
            with contextlib.suppress(
                UserError, OSError
            ):  # a read-only results folder may still be planned
                write_json(self.memory, self._known)
                self._new = False


def _read(memory: Path | None) -> dict[str, str]:
    if memory is None:
        return {}
    try:
        known = json.loads(memory.read_text())
    except (OSError, ValueError):
        return {}
    sound = isinstance(known, dict) and all(isinstance(d, str) for d in known.values())
    return known if sound else {}
