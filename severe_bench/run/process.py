"""A worker process, seen from the run that started it."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO

from severe_bench.plan.cell import Cell
from severe_bench.run.devices import Lane
from severe_bench.run.messages import REPLY, Assignment, Reply, Start

WORKER = (sys.executable, "-m", "severe_bench.run.worker")
READ_BYTES = 1 << 16


class Process:
    """One worker on one lane, with the cell that it has, and the fellows that train with it.

    It is in its own process group, so that Ctrl-C in a terminal reaches only the run, which then
    asks it to checkpoint. It keeps its device's lease open too: the device is free when both are
    gone.

    Args:
        lane: where it runs.
        start: what it is told first.
        lease: file descriptor of the device's lease, if it has one.
    """

    def __init__(self, lane: Lane, start: Start, lease: int | None = None) -> None:
        self.lane = lane
        self.cell: Cell | None = None
        self.fellows: tuple[Cell, ...] = ()
        self.since = time.monotonic()
        self.ready = False
        self.stopping_since: float | None = None
        self._lease = lease
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the worker
        self._popen = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            WORKER,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, **lane.env},
            start_new_session=True,
            pass_fds=() if lease is None else (lease,),
        )
        self._buffer = b""
        self._send(start.model_dump_json())

    def fileno(self) -> int:
        """Descriptor of its replies, for selectors."""
        assert self._popen.stdout is not None  # noqa: S101 - it is a pipe
        return self._popen.stdout.fileno()

    @property
    def busy_seconds(self) -> float:
        """How long it has had its cell."""
        return time.monotonic() - self.since

    @property
    def busy_seconds_each(self) -> float:
        """Likewise, by cell that has part in it."""
        return self.busy_seconds / max(1, len(self.cells))

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Its cell and the fellows."""
        return () if self.cell is None else (self.cell, *self.fellows)

    @property
    def free(self) -> bool:
        """Whether it may be given a cell: it has none, and was not asked to end."""
        return self.cell is None and self.stopping_since is None

    def assign(self, cell: Cell, fellows: tuple[Cell, ...] = ()) -> None:
        """Give it a cell; a worker that has just died is noticed at its pipe's end."""
        self.cell, self.fellows, self.since = cell, fellows, time.monotonic()
        self._send(Assignment.model_construct(cell=cell, fellows=fellows).model_dump_json())

    def begin(self) -> None:
        """It has started: its cell's time counts from now."""
        self.ready, self.since = True, time.monotonic()

    def read(self) -> list[Reply] | None:
        """Replies that have arrived; None when the worker has gone. Only when readable."""
        block = os.read(self.fileno(), READ_BYTES)
        if not block:
            return None
        *lines, self._buffer = (self._buffer + block).split(b"\n")
        return [REPLY.validate_json(line) for line in lines]

    def stop(self) -> None:
        """Ask it to checkpoint and end."""
        if self.stopping_since is None:
            self.stopping_since = time.monotonic()
            self._popen.terminate()

    def kill(self) -> None:
        """End it now."""
        self._popen.kill()

    def close(self) -> None:
        """Tell an idle worker that there are no more cells."""
        if self._popen.stdin is not None:
            try:
                self._popen.stdin.close()
            except BrokenPipeError:
                return

    def wait(self, seconds: float) -> str:
        """Wait for its end, by force after so many seconds; say how it ended."""
        self.close()
        try:
            code = self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            code = self._popen.wait()
        if self._popen.stdout is not None:
            self._popen.stdout.close()
        if self._lease is not None:
            os.close(self._lease)
            self._lease = None
        return ended_by(code)

    def last_words(self) -> str:
        """End of what it wrote outside of any cell."""
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace")[-2000:].strip()

    def _send(self, line: str) -> None:
        assert self._popen.stdin is not None  # noqa: S101 - it is a pipe
        try:
            self._popen.stdin.write(line.encode() + b"\n")
            self._popen.stdin.flush()
        except BrokenPipeError:
            return


def ended_by(code: int) -> str:
    """How a process ended, in words.

    Example:
        >>> ended_by(-9), ended_by(3)
        ('was killed by SIGKILL', 'ended with code 3')
    """
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with code {code}"


def tail(path: Path, size: int = 4000) -> str:
    """End of a log file; empty when there is none."""
    if not path.is_file():
        return ""
    return path.read_bytes()[-size:].decode(errors="replace")
