"""The session that a running cell talks to: stop, checkpoint times, progress."""

import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from severe_bench.core.atomic import write_json
from severe_bench.core.errors import UserError
from severe_bench.core.session import Progress, Session
from severe_bench.plan.cell import Cell
from severe_bench.store.events import EventLog
from severe_bench.store.layout import PROGRESS, Layout
from severe_bench.store.status import Snapshot

CHECKPOINT_VARIABLE = "SEVERE_CHECKPOINT_SECONDS"
CHECKPOINT_SECONDS = 30.0
TOLD_SECONDS = 0.5
LOGGED_SECONDS = 2.0
WRITTEN_SECONDS = 5.0


class Every:
    """True at most once in so many seconds; the first time after that many.

    Example:
        >>> Every(3600)(), Every(0)()
        (False, True)
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._last = time.monotonic()

    def __call__(self) -> bool:
        """Whether the time has come; if so it starts anew."""
        now = time.monotonic()
        if now - self._last < self._seconds:
            return False
        self._last = now
        return True


def checkpoint_seconds() -> float:
    """Seconds between checkpoints: 30, or what SEVERE_CHECKPOINT_SECONDS says.

    Raises:
        UserError: it is no number.
    """
    text = os.environ.get(CHECKPOINT_VARIABLE, str(CHECKPOINT_SECONDS))
    try:
        return float(text)
    except ValueError as error:
        mend = "set it to seconds, e.g. 30"
        raise UserError(f"not a number: {text!r}", CHECKPOINT_VARIABLE, mend) from error


def write_progress(folder: Path, progress: Progress) -> None:
    """Write `progress.json` of a cell's folder, for `severe status`."""
    snapshot = Snapshot.model_validate(finite(progress))
    write_json(folder / PROGRESS, snapshot.model_dump(mode="json"))


@dataclass(frozen=True)
class Reporter:
    """Progress to whoever shows it: often to this run, seldom to the files."""

    folder: Path
    log: EventLog
    tell: Callable[[Progress], None]
    told: Every
    logged: Every
    written: Every

    def __call__(self, progress: Progress) -> None:
        """Take one step's progress; cheap when nothing is due."""
        if self.told():
            self.tell(progress)
        if self.logged():
            self.log.add("progress", **asdict(progress))
        if self.written():
            write_progress(self.folder, progress)


def finite(progress: Progress) -> dict[str, object]:
    """Progress as JSON can hold it: numbers that are not finite become None."""
    values = asdict(progress)
    return {
        name: None if isinstance(value, float) and value - value != 0 else value
        for name, value in values.items()
    }


def open_session(
    layout: Layout,
    cell: Cell,
    device: str,
    log: EventLog,
    stop: Callable[[], bool],
    tell: Callable[[Progress], None],
) -> Session:
    """The session of one attempt at a cell.

    Raises:
        UserError: a needed cell is not done.
    """
    folder = layout.folder(cell)
    timers = Every(TOLD_SECONDS), Every(LOGGED_SECONDS), Every(WRITTEN_SECONDS)
    return Session(
        folder=folder,
        device=device,
        needs={role: layout.needed(need) for role, need in cell.needs.items()},
        should_stop=stop,
        checkpoint_due=Every(checkpoint_seconds()),
        report=Reporter(folder, log, tell, *timers),
    )
