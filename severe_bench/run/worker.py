"""A worker process: takes cells one after another from its standard input, one device each.

`python -m severe_bench.run.worker`, first line a `Start`, then an `Assignment` each; replies go to
standard output. What cells print goes to `log.txt` in their folders. On SIGTERM, and when whoever
started it is gone, the running cell checkpoints and the worker ends.
"""

import faulthandler
import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

from severe_bench.core.atomic import mendable_writes
from severe_bench.core.errors import Interrupted, UserError
from severe_bench.core.session import Progress
from severe_bench.plan.cell import Cell
from severe_bench.run.cell import How, run_cell
from severe_bench.run.messages import Assignment, Broken, Over, Ready, Reply, Start, Told
from severe_bench.run.sessions import finite
from severe_bench.store.layout import LOG, Layout
from severe_bench.store.quarantine import require_intact_needs
from severe_bench.store.status import Snapshot

ORPHAN_SECONDS = 60.0
"""How long an orphan may take to checkpoint before it ends itself."""

_log = logging.getLogger(__name__)


class Worker:
    """One worker: its store, its pipe back, and whether it was asked to stop."""

    def __init__(self, start: Start, replies: int) -> None:
        self._layout = Layout(Path(start.results), start.suite)
        self._how = How(start.device, start.invocation, start.runners)
        self._replies = replies
        self._stop = threading.Event()
        self._inbox: SimpleQueue[str | None] = SimpleQueue()

    def serve(self) -> None:
        """Run cells until there are no more, or a stop is asked for."""
        signal.signal(signal.SIGTERM, lambda *_: self._end())
        threading.Thread(target=self._listen, daemon=True, name="listener").start()
        self._say(Ready())
        while (line := self._inbox.get()) is not None and not self._stop.is_set():
            self._run(Assignment.model_validate_json(line))

    def _listen(self) -> None:
        for line in sys.stdin:
            self._inbox.put(line)
        self._end()
        timer = threading.Timer(ORPHAN_SECONDS, os._exit, (1,))
        timer.daemon = True
        timer.start()

    def _end(self) -> None:
        self._stop.set()
        self._inbox.put(None)

    def _run(self, assignment: Assignment) -> None:
        cell = assignment.cell
        try:
            with _output_to(self._layout.folder(cell) / LOG):
                if assignment.fellows:
                    require_intact_needs(self._layout, cell)
                    self._train_company(assignment)
                ended = run_cell(
                    self._layout,
                    cell,
                    self._how,
                    self._stop.is_set,
                    lambda progress: self._tell(cell, progress),
                )
        except UserError as error:
            self._say(Broken(cell=cell.id, what=error.what, where=error.where, mend=error.mend))
            return
        self._say(
            Over(cell=cell.id, state=ended.state, seconds=ended.seconds, message=ended.message)
        )

    def _train_company(self, assignment: Assignment) -> None:
        """Train cells together; whatever comes of it, each is then run, and speaks, for itself."""
        cell = assignment.cell
        try:
            from severe_bench.run.joint import train_company

            train_company(
                self._layout,
                (cell, *assignment.fellows),
                self._how,
                self._stop.is_set,
                lambda progress: self._tell(cell, progress),
            )
        except Interrupted as interruption:
            _log.info("%s", interruption)
        except Exception:
            _log.warning("cells that would train together train alone", exc_info=True)

    def _tell(self, cell: Cell, progress: Progress) -> None:
        snapshot = Snapshot.model_validate(finite(progress))
        self._say(Told(cell=cell.id, progress=snapshot))

    def _say(self, reply: Reply) -> None:
        line = reply.model_dump_json().encode() + b"\n"
        try:
            while line:
                line = line[os.write(self._replies, line) :]
        except BrokenPipeError:
            self._end()


@contextmanager
def _output_to(path: Path) -> Iterator[None]:
    """Standard output and error, of this process and its children, go to the end of a file."""
    with mendable_writes(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
    kept = os.dup(2)
    _redirect(log)
    os.close(log)
    try:
        yield
    finally:
        _redirect(kept)
        os.close(kept)


def _redirect(descriptor: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)


def main() -> None:
    """Serve one run; does not return, so that no library's teardown can hang it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR2})  # a job's warning, for its parent
    replies = os.dup(1)
    os.dup2(2, 1)
    faulthandler.enable()
    first = sys.stdin.readline()
    if first:
        Worker(Start.model_validate_json(first), replies).serve()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
