"""What a run tells whoever watches it."""

from collections.abc import Callable
from dataclasses import dataclass

from severe_bench.plan.cell import Cell
from severe_bench.store.status import Snapshot


@dataclass(frozen=True)
class Outlook:
    """How far the run is; told about once a second.

    Args:
        total, done, failed, running: cells of this run, those found done included.
        seconds_left: expected wall time of what is left to this run.
        elsewhere: cells that another run has, which are waited for.
    """

    total: int
    done: int
    failed: int
    running: int
    seconds_left: float
    elsewhere: int = 0


@dataclass(frozen=True)
class Started:
    """A lane took a cell."""

    cell: Cell
    lane: str


@dataclass(frozen=True)
class Progressed:
    """A running cell went on."""

    cell: Cell
    lane: str
    progress: Snapshot


@dataclass(frozen=True)
class Finished:
    """A cell is done, after so many seconds over all its attempts."""

    cell: Cell
    seconds: float


@dataclass(frozen=True)
class Failed:
    """A cell failed; `message` begins with the class."""

    cell: Cell
    message: str


@dataclass(frozen=True)
class Blocked:
    """A cell will not be run, because `need` failed."""

    cell: Cell
    need: Cell


@dataclass(frozen=True)
class Retried:
    """A cell is run again, because its worker died."""

    cell: Cell
    reason: str


@dataclass(frozen=True)
class Waiting:
    """A cell is being run by another process, and is waited for."""

    cell: Cell
    owner: str


@dataclass(frozen=True)
class Stopped:
    """A lane has let go of its cell, which is not ended."""

    cell: Cell


@dataclass(frozen=True)
class Note:
    """Something the user should know, in one line."""

    text: str


Event = (
    Outlook
    | Started
    | Progressed
    | Finished
    | Failed
    | Blocked
    | Retried
    | Waiting
    | Stopped
    | Note
)
Observer = Callable[[Event], None]
