"""`events.jsonl`: what happened to a cell, appended line by line, never rewritten."""

import json
import math
import os
import time
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from severe_bench.core.atomic import mendable_writes
from severe_bench.core.frozen import Frozen
from severe_bench.store.layout import EVENTS

EventName = Literal[
    "started", "progress", "finished", "failed", "interrupted", "lost", "remark", "in_company"
]
ENDS: frozenset[EventName] = frozenset({"finished", "failed", "interrupted", "lost"})

RESUMED = "resumed"
"""Note of a `started` event that found a checkpoint."""


class Event(Frozen):
    """One line.

    Args:
        event: what happened.
        time: seconds since the epoch.
        elapsed: seconds since this attempt began, by a monotonic clock.
        host, pid: of the worker; in `started` events.
        stage, done, total, epoch, loss, rate: as in `core.session.Progress`.
        note: class of the failure, text of the remark and the like.

    `in_company` stands outside of attempts: the cell trained together with others, and `elapsed` is
    its share of that time. `lost` is written by whoever finds that a worker has died; its `elapsed`
    reaches to the worker's last heartbeat.
    """

    event: EventName
    time: float
    elapsed: float
    host: str = ""
    pid: int | None = None
    stage: str = ""
    done: int | None = None
    total: int | None = None
    epoch: int | None = None
    loss: float | None = None
    rate: float | None = None
    note: str = ""


class EventLog:
    """Appends to a cell's events; each line is one write, so that readers never see two mixed.

    A line that a killed writer left torn is closed first, so that it costs no other line.

    Raises:
        UserError: the folder cannot be written or the disk is full.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / EVENTS
        self._begin = time.monotonic()
        if _torn(self._path):
            self._append(b"\n")

    @property
    def elapsed(self) -> float:
        """Seconds since this attempt began."""
        return time.monotonic() - self._begin

    def start(self, **rest: object) -> None:
        """Begin an attempt: its time counts from now."""
        self._begin = time.monotonic()
        self.add("started", **rest)

    def add(self, event: EventName, **rest: object) -> None:
        """Append one event, stamped with the time; numbers that are not finite are left out."""
        finite = {name: value for name, value in rest.items() if not _is_infinite(value)}
        content = {"event": event, "time": time.time(), "elapsed": self.elapsed, **finite}
        line = Event.model_validate(content).model_dump(mode="json", exclude_defaults=True)
        self._append(json.dumps(line).encode() + b"\n")

    def _append(self, line: bytes) -> None:
        with mendable_writes(self._path):
            descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
            try:
                os.write(descriptor, line)
            finally:
                os.close(descriptor)


class Attempts(Frozen):
    """What the events say of all attempts at a cell together.

    Args:
        count: how often it was started.
        seconds: sum over attempts, each until its latest event, whoever wrote the last, and shares
            of training in company.
        resumed: how often it went on from a checkpoint.
        first: time of the first start, in seconds since the epoch; None before it.
        remarks: what the work said of its number, each once.
    """

    count: int = 0
    resumed: int = 0
    seconds: float = 0.0
    first: float | None = None
    remarks: tuple[str, ...] = ()


def read_events(folder: Path) -> Iterator[Event]:
    """All events in order; torn lines are skipped."""
    path = folder / EVENTS
    if not path.exists():
        return
    for line in path.read_bytes().splitlines():
        try:
            yield Event.model_validate_json(line)
        except ValidationError:
            continue


def comes_from_company(folder: Path) -> bool:
    """Whether training in company was the last that happened to a cell."""
    *_, last = (None, *read_events(folder))
    return last is not None and last.event == "in_company"


def close_attempt(folder: Path, last_beat: float) -> None:
    """Note how long the last attempt took if its worker died before it could.

    Args:
        folder: of the cell; the caller holds its claim.
        last_beat: when the worker was last known to live, in seconds since the epoch.
    """
    events = [event for event in read_events(folder) if event.event != "in_company"]
    starts = [i for i, event in enumerate(events) if event.event == "started"]
    attempt = events[starts[-1] :] if starts else []
    if attempt and not any(event.event in ENDS for event in attempt):
        known = max(event.elapsed for event in attempt)
        EventLog(folder).add("lost", elapsed=max(known, last_beat - attempt[0].time))


def attempts(folder: Path) -> Attempts:
    """Count and duration of a cell's attempts so far."""
    every = list(read_events(folder))
    events = [event for event in every if event.event != "in_company"]
    starts = [i for i, event in enumerate(events) if event.event == "started"]
    runs = [events[start:end] for start, end in pairwise([*starts, len(events)])]
    seconds = sum(max(event.elapsed for event in run) for run in runs)
    seconds += sum(event.elapsed for event in every if event.event == "in_company")
    first = events[starts[0]].time if starts else None
    resumed = sum(events[start].note == RESUMED for start in starts)
    remarks = dict.fromkeys(event.note for event in events if event.event == "remark")
    return Attempts(
        count=len(starts), resumed=resumed, seconds=seconds, first=first, remarks=tuple(remarks)
    )


def _is_infinite(value: object) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _torn(path: Path) -> bool:
    if not path.exists() or path.stat().st_size == 0:
        return False
    with path.open("rb") as stream:
        stream.seek(-1, os.SEEK_END)
        return stream.read(1) != b"\n"
