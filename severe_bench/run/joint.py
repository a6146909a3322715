"""Train the heads of several cells at once, before each cell is run on its own; imports torch."""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from severe_bench.adapt.evaluate import drawn_of, inputs_of
from severe_bench.adapt.features import FeatureTable, read_features
from severe_bench.adapt.inputs import Inputs
from severe_bench.adapt.joining import STAGES, Stage
from severe_bench.adapt.lockstep import Member, train_together
from severe_bench.core.errors import Interrupted, LostClaim
from severe_bench.core.session import Progress, Session
from severe_bench.plan.cell import Cell
from severe_bench.plan.job import EvaluateJob
from severe_bench.run.cell import How, holding, settled
from severe_bench.run.company import MOST
from severe_bench.run.kinds.inputs import load_dataset
from severe_bench.run.sessions import (
    TOLD_SECONDS,
    WRITTEN_SECONDS,
    Every,
    checkpoint_seconds,
    write_progress,
)
from severe_bench.run.torch_setup import prepare_torch
from severe_bench.run.work import Work
from severe_bench.store.cells import clean
from severe_bench.store.events import EventLog
from severe_bench.store.layout import Layout
from severe_bench.store.lock import Claim

HELD_BYTES = 1 << 30
"""Of features and heads that a company may hold; whoever would be too much trains alone."""
CACHED = 1 << 19
"""Numbers of heads that train at once on a CPU. More, with as many gradients and twice as many
moments, leave the processor's cache at every step, and company makes nothing faster."""

_log = logging.getLogger(__name__)


def train_company(
    layout: Layout,
    cells: Sequence[Cell],
    how: How,
    stop: Callable[[], bool],
    tell: Callable[[Progress], None],
) -> None:
    """Leave each cell's finished training in its folder, where its own run finds it.

    All are held meanwhile. Cells that have ended, that another process holds or whose inputs are at
    fault are left out; run alone they say so themselves.

    Args:
        layout: where they are stored.
        cells: fellows, their needs done.
        how: device and the like.
        stop: polled; true asks for checkpoints and an end.
        tell: takes progress about twice a second.

    Raises:
        Interrupted: after checkpoints of all.
        UserError: what is wrong for all of them.
    """
    began = time.monotonic()
    with ExitStack() as held:
        claims = {cell.id: held.enter_context(holding(layout, cell)) for cell in cells}
        free = [cell for cell in cells if claims[cell.id] and not settled(layout, cell)]
        if len(free) > 1:
            _train_in_stages(_guests(layout, free, how, claims), stop, tell, began)


@dataclass(frozen=True)
class _Guest:
    """A cell that is held, and what it adapts with."""

    cell: Cell
    claim: Claim
    inputs: Inputs


@dataclass(frozen=True)
class _Seat:
    """A cell that is held, and its training."""

    claim: Claim
    member: Member

    @property
    def folder(self) -> Path:
        """Of the cell."""
        return self.claim.folder


def _guests(
    layout: Layout, cells: Sequence[Cell], how: How, claims: Mapping[str, Claim | None]
) -> list[_Guest]:
    """Those of the cells whose inputs are not at fault."""
    job = _job(cells[0])
    prepare_torch(how.device, job.seed, job.recipe.numerics)
    dataset = load_dataset(job.dataset, Work(cells[0], _session(layout, cells[0], how)))
    guests = []
    for cell in cells:
        claim, job = claims[cell.id], _job(cell)
        try:
            drawn, session = drawn_of(job, dataset), _session(layout, cell, how)
            inputs = inputs_of(job, dataset, drawn, None, session)
        except Exception as error:  # it will fail alone, and its failure is then its own
            _say_that_it_trains_alone(cell, error)
            continue
        if claim is not None:
            guests.append(_Guest(cell, claim, inputs))
    return guests


def _train_in_stages(
    guests: list[_Guest],
    stop: Callable[[], bool],
    tell: Callable[[Progress], None],
    began: float,
) -> None:
    """All stages of the protocol, each of those cells that can take part in it."""
    if not guests:
        return
    table = read_features(guests[0].inputs.session.needs["train_features"])
    for stage in STAGES[guests[0].inputs.job.protocol]:
        for seats in _groups(_seats(guests, stage, table)):
            if len(seats) > 1:
                _train(seats, stop, tell, began)
            began = time.monotonic()


def _seats(guests: list[_Guest], stage: Stage, table: FeatureTable) -> list[_Seat]:
    """Those of the cells that can train together and have training left; who fails, leaves."""
    seats: list[_Seat] = []
    held = 0
    for guest in tuple(guests):
        try:
            member = stage(guest.inputs, table)
        except Exception as error:  # likewise
            _say_that_it_trains_alone(guest.cell, error)
            guests.remove(guest)
            continue
        if member is None or not member.left:
            continue
        if _at_once(member) < 2:  # nor do its fellows gain, whose heads are as large
            break
        held += member.nbytes
        if held > HELD_BYTES:
            break
        seats.append(_Seat(guest.claim, member))
    return seats


def _groups(seats: Sequence[_Seat]) -> Iterator[Sequence[_Seat]]:
    """Seats that train at once, one group after another, of about the same size."""
    if seats:
        count = -(-len(seats) // _at_once(seats[0].member))
        size = -(-len(seats) // count)
        yield from (seats[first : first + size] for first in range(0, len(seats), size))


def _at_once(member: Member) -> int:
    """How many of this size should train at once."""
    on_cpu = member.source.features.device.type == "cpu"
    return CACHED // member.form.shape.row if on_cpu else MOST


def _say_that_it_trains_alone(cell: Cell, why: Exception) -> None:
    _log.warning("%s trains alone: %s", cell.title, why)


def _job(cell: Cell) -> EvaluateJob:
    assert isinstance(cell.job, EvaluateJob)  # noqa: S101 - `run.company` chose it
    return cell.job


def _session(layout: Layout, cell: Cell, how: How) -> Session:
    """Of one cell, which the company's own speaks for."""
    return Session(
        folder=layout.folder(cell),
        device=how.device,
        needs={role: layout.needed(need) for role, need in cell.needs.items()},
        should_stop=lambda: False,
        checkpoint_due=lambda: False,
        report=lambda _: None,
    )


def _train(
    seats: Sequence[_Seat],
    stop: Callable[[], bool],
    tell: Callable[[Progress], None],
    began: float,
) -> None:
    folders, should_stop = [seat.folder for seat in seats], partial(_should_stop, seats, stop)
    if should_stop():
        raise Interrupted("stopped before the first step")
    for folder in folders:
        clean(folder)
    session = Session(
        folder=folders[0],
        device=seats[0].member.training.session.device,
        needs={},
        should_stop=should_stop,
        checkpoint_due=Every(checkpoint_seconds()),
        report=_Reports(folders, tell, Every(TOLD_SECONDS), Every(WRITTEN_SECONDS)),
    )
    with _time_shared(seats, began):
        train_together([seat.member for seat in seats], session)


def _should_stop(seats: Sequence[_Seat], stop: Callable[[], bool]) -> bool:
    """Whether to stop; where a cell is another process's now, all go on alone."""
    for seat in seats:
        if seat.claim.lost:
            raise LostClaim(str(seat.folder))
    return stop()


@contextmanager
def _time_shared(seats: Sequence[_Seat], began: float) -> Iterator[None]:
    """Note in each cell's events the seconds of its steps, and its part of all other seconds."""
    before = [seat.member.training.tally.seconds for seat in seats]
    try:
        yield
    finally:
        own = [
            seat.member.training.tally.seconds - seconds
            for seat, seconds in zip(seats, before, strict=True)
        ]
        rest = max(0.0, time.monotonic() - began - sum(own)) / len(seats)
        for seat, seconds in zip(seats, own, strict=True):
            if not seat.claim.lost:
                note = f"{len(seats)} cells"
                EventLog(seat.folder).add("in_company", elapsed=seconds + rest, note=note)


@dataclass(frozen=True)
class _Reports:
    """Progress of a company: often to this run, seldom to the files of each cell."""

    folders: Sequence[Path]
    tell: Callable[[Progress], None]
    told: Every
    written: Every

    def __call__(self, progress: Progress) -> None:
        """Take one step's progress; cheap when nothing is due."""
        if self.told():
            self.tell(progress)
        if self.written():
            for folder in self.folders:
                write_progress(folder, progress)
