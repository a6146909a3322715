"""A process of its own for files that may make native code hang or crash.

What goes wrong in it costs that process and one file: it is killed at its deadline, and the next
call starts another. It is started as a plain program, so that loader processes may have one too,
and holds no CUDA context, so that decord may be used in it.
"""

import os
import pickle
import signal
import subprocess
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection, Pipe
from pathlib import Path
from types import TracebackType
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from severe_bench.core.errors import UserError
from severe_bench.data.decoders.decoder import VideoError
from severe_bench.data.undisturbed import ignore_signals

P = ParamSpec("P")
R = TypeVar("R")

DEADLINE = 120.0
"""Seconds that one file may take."""

ORPHAN_SECONDS = 10.0
"""After its deadline, a reader that nobody has killed ends itself: its parent is gone."""


class ReaderProcess:
    """Calls module-level functions of a path in another process, one at a time.

    Args:
        deadline: seconds that one call may take.

    Example:
        >>> with ReaderProcess(deadline=10) as reader:  # doctest: +SKIP
        ...     info = reader.call(probe, Path("a.mp4"))
    """

    def __init__(self, deadline: float = DEADLINE) -> None:
        self.deadline = deadline
        self._process: subprocess.Popen[bytes] | None = None
        self._pipe: Connection | None = None
        self._killed = False

    def __reduce__(self) -> tuple[type["ReaderProcess"], tuple[float]]:
        """Another process gets a reader of its own."""
        return ReaderProcess, (self.deadline,)

    def __enter__(self) -> Self:
        """Started at the first call."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process."""
        self.close()

    def call(
        self, function: Callable[Concatenate[Path, P], R], path: Path, *args: P.args, **kw: P.kwargs
    ) -> R:
        """`function(path, ...)` there.

        Raises:
            UserError: as raised there.
            VideoError: it crashed, took longer than the deadline, or failed in another way.
        """
        pipe = self._started()
        try:
            pipe.send((function, path, args, kw))
            if not pipe.poll(self.deadline):
                self.close()
                raise VideoError(f"keeps its reader busy for {self.deadline:g} s", str(path))
            value, error = _received(pipe)
        except (EOFError, OSError) as broken:
            raise VideoError(f"crashes its reader ({self._ended()})", str(path)) from broken
        if error is not None:
            raise error
        found: R = value
        return found

    def kill(self) -> None:
        """End the process from another thread: a call in progress then raises."""
        if self._process is not None:
            self._killed = True  # before it is dead, which takes a moment to be seen
            self._process.kill()

    def close(self) -> None:
        """End the process, at once."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        if self._pipe is not None:
            self._pipe.close()
        self._process = self._pipe = None
        self._killed = False

    def _started(self) -> Connection:
        """A pipe to a living process: one that ended while idle says nothing of the next file."""
        if self._killed or (self._process is not None and self._process.poll() is not None):
            self.close()
        if self._pipe is None:
            ours, theirs = Pipe()
            places = os.pathsep.join(place or str(Path.cwd()) for place in sys.path)
            with theirs:
                self._process = subprocess.Popen(  # noqa: S603 - our own program
                    [
                        sys.executable,
                        "-m",
                        "severe_bench.data.isolated",
                        str(theirs.fileno()),
                        str(self.deadline + ORPHAN_SECONDS),
                    ],
                    pass_fds=[theirs.fileno()],
                    env={**os.environ, "PYTHONPATH": places},
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                )
            self._pipe = ours
        return self._pipe

    def _ended(self) -> str:
        process = self._process
        code = 0 if process is None else process.wait()
        self.close()
        return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def serve(pipe: Connection, longest: float) -> None:
    """Answer calls until the other side goes away; one that takes `longest` seconds is the last."""
    while True:
        try:
            function, path, args, kw = pipe.recv()
        except EOFError:
            return
        signal.setitimer(signal.ITIMER_REAL, longest)  # ends the process, whatever it is busy with
        answer = _answer(function, path, args, kw)
        signal.setitimer(signal.ITIMER_REAL, 0)
        try:
            _sent(pipe, answer)
        except BrokenPipeError:
            return


def _sent(pipe: Connection, answer: object) -> None:
    """Send an answer; the bytes of its arrays go as they are, which a pickle would copy thrice."""
    arrays: list[pickle.PickleBuffer] = []
    head = pickle.dumps(answer, protocol=5, buffer_callback=arrays.append)
    raw = [array.raw() for array in arrays]
    pipe.send((head, [part.nbytes for part in raw]))
    for part in raw:
        while part:
            part = part[os.write(pipe.fileno(), part) :]  # noqa: PLW2901


def _received(pipe: Connection) -> Any:  # noqa: ANN401 - whatever was sent
    head, sizes = pipe.recv()
    arrays = [bytearray(size) for size in sizes]
    for array in arrays:
        left = memoryview(array)
        while left:
            count = os.readv(pipe.fileno(), [left])
            if count == 0:
                raise EOFError
            left = left[count:]
    return pickle.loads(head, buffers=arrays)  # noqa: S301 - of our own program


def _answer(
    function: Callable[..., Any], path: Path, args: tuple[Any, ...], kw: dict[str, Any]
) -> tuple[Any, UserError | None]:
    try:
        return function(path, *args, **kw), None
    except UserError as error:
        return None, error
    except Exception as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        return None, VideoError(f"cannot be read ({reason})", str(path))


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides
    ignore_signals()
    serve(Connection(int(sys.argv[1])), float(sys.argv[2]))
