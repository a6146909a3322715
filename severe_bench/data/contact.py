"""Files are met in a process that may be killed, and read in this one once judged good."""

import os
import threading
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal, cast, get_args

from severe_bench.core.errors import UserError
from severe_bench.data.isolated import DEADLINE, ReaderProcess
from severe_bench.data.verdicts import Verdicts
from severe_bench.data.video import Reading, VideoInfo, probe, read_with_name

Isolation = Literal["first", "always", "never"]
"""`first`: until a file was judged good; `always`: every read; `never`: none."""

VARIABLE = "SEVERE_ISOLATE"


def chosen_isolation() -> Isolation:
    """What the environment variable SEVERE_ISOLATE says, by default `first`.

    Raises:
        UserError: it says something else.
    """
    said = os.environ.get(VARIABLE) or "first"
    if said not in get_args(Isolation):
        choices = ", ".join(get_args(Isolation))
        raise UserError(f"{VARIABLE}={said!r} is none of {choices}", mend="mend or unset it")
    return cast(Isolation, said)


class Contact:
    """Probes and reads files; one on which native code hangs or crashes is refused like any other.

    A file is judged good when every frame of it was decoded once, by `probe` or by an earlier
    `severe data verify`, or else when one clip of it was read.

    Args:
        isolate: what is read in a process of its own.
        deadline: seconds that a call there may take.
    """

    def __init__(self, isolate: Isolation, deadline: float = DEADLINE) -> None:
        self.isolate, self.deadline = isolate, deadline
        self._good: set[Path] = set()
        self._verdicts = Verdicts()

    def probe(self, path: Path) -> VideoInfo:
        """What the file holds.

        Raises:
            VideoError: it cannot be read.
        """
        known = self._verdicts.find(path)
        if known is not None:
            return known
        return probe(path) if self.isolate == "never" else self._apart.call(probe, path)

    def read(self, path: Path, indices: Sequence[int], info: VideoInfo) -> Reading:
        """The frames at `indices` of a file that was probed.

        Raises:
            VideoError: any of them cannot be decoded.
        """
        if self._is_trusted(path, info):
            return read_with_name(path, indices, info)
        found = self._apart.call(read_with_name, path, indices, info)
        self._good.add(path)
        return found

    def _is_trusted(self, path: Path, info: VideoInfo) -> bool:
        good = info.checked or path in self._good
        return self.isolate == "never" or (self.isolate == "first" and good)

    @property
    def _apart(self) -> ReaderProcess:
        return _reader_of(os.getpid(), threading.get_ident(), self.deadline)


@cache
def _reader_of(process: int, thread: int, deadline: float) -> ReaderProcess:  # noqa: ARG001 - keys
    """The thread's reader process, shared by all datasets that it reads."""
    return ReaderProcess(deadline)
