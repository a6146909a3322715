"""What lies in the results folder before a run: done, failed, damaged."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from severe_bench.core.errors import UserError
from severe_bench.core.registry import nearest
from severe_bench.plan.cell import Cell
from severe_bench.plan.expect import Expectations
from severe_bench.run.events import Note, Observer
from severe_bench.run.failures import HINTS
from severe_bench.store.cells import CorruptError, check, clear_failure, read_failure
from severe_bench.store.demand import blocked, demanded, impossible
from severe_bench.store.layout import BEST, CHECKPOINT, Layout
from severe_bench.store.quarantine import Quarantined, quarantine_damaged
from severe_bench.store.result import Failure, FailureClass, Result
from severe_bench.store.states import states

ALL_FAILED = "failed"
SHORT_WORDS = {"oom": "out_of_memory"}
SPOILT: frozenset[FailureClass] = frozenset({"nan_loss"})
"""Failures that are in the saved state itself: a retry starts afresh. After any other it goes on
from the checkpoint, which training refuses where recipe, seed, network or data are others."""


@dataclass(frozen=True)
class Survey:
    """The cells of a plan, sorted by what is to be done about them.

    Args:
        done: ids of finished cells.
        failed: id -> class and message.
        impossible: id -> reason.
        blocked: id -> id of the failed cell that it needs.
        to_run: in topological order.
        quarantined: damaged cells, which are among `to_run` where something needs them.
        expect: has learnt from the finished cells.
    """

    done: frozenset[str]
    failed: dict[str, str]
    impossible: dict[str, str]
    blocked: dict[str, str]
    to_run: tuple[Cell, ...]
    quarantined: tuple[Quarantined, ...]
    expect: Expectations


def survey(
    layout: Layout, cells: Sequence[Cell], retry: Collection[str], observe: Observer
) -> Survey:
    """Look at every cell's folder; move damaged ones aside; forget failures to be retried.

    Args:
        layout: of the suite.
        cells: in topological order.
        retry: classes of failure (`oom` for out_of_memory), or `failed` for all.
        observe: is told of damaged cells, and what becomes of the checkpoints of retried ones.

    Raises:
        UserError: the results folder cannot be used, or `retry` names no class.
    """
    retry = _classes(retry)
    looking = _Looking(layout, retry, observe)
    for cell, state in zip(cells, states(layout, cells).values(), strict=True):
        if state in {"done", "corrupt", "failed"}:
            looking.look(cell)
    looking.tell_retries()
    problems = impossible(cells, looking.done)
    hindered = blocked(cells, looking.failed.keys() - problems.keys())
    hindered = {cell: need for cell, need in hindered.items() if cell not in looking.done}
    hopeless = {*problems, *looking.failed, *hindered}
    wanted = demanded(cells, looking.done, hopeless)
    return Survey(
        done=frozenset(looking.done),
        failed={cell: why for cell, why in looking.failed.items() if cell not in problems},
        impossible=problems,
        blocked=hindered,
        to_run=tuple(cell for cell in cells if cell.id in wanted),
        quarantined=tuple(looking.quarantined),
        expect=looking.expect,
    )


class _Looking:
    """What was found so far."""

    def __init__(self, layout: Layout, retry: Collection[str], observe: Observer) -> None:
        self._layout, self._retry, self._observe = layout, retry, observe
        self.done: set[str] = set()
        self.failed: dict[str, str] = {}
        self.quarantined: list[Quarantined] = []
        self.expect = Expectations()
        self._resumed = self._afresh = 0

    def look(self, cell: Cell) -> None:
        """Take note of one cell that has a result or a failure."""
        try:
            result = check(self._layout.folder(cell))
            if result is not None:
                self._is_done(cell, result)
            else:
                self._has_failed(cell)
        except CorruptError:
            self._set_aside(cell)

    def _is_done(self, cell: Cell, result: Result) -> None:
        self.done.add(cell.id)
        self.expect.learn(cell, result.cost.seconds)

    def _has_failed(self, cell: Cell) -> None:
        folder = self._layout.folder(cell)
        failure = read_failure(folder)
        if failure is None:
            return
        if ALL_FAILED in self._retry or failure.failure_class in self._retry:
            self._retry_of(folder, failure)
        else:
            self.failed[cell.id] = failure.told

    def _retry_of(self, folder: Path, failure: Failure) -> None:
        if (folder / CHECKPOINT).exists():
            spoilt = failure.failure_class in SPOILT
            self._afresh += spoilt
            self._resumed += not spoilt
        if failure.failure_class in SPOILT:
            for name in (CHECKPOINT, BEST):
                (folder / name).unlink(missing_ok=True)
        clear_failure(folder)

    def tell_retries(self) -> None:
        """Say how many retried cells keep their checkpoint, and how many lose it."""
        if self._resumed:
            self._observe(Note(f"retried cells that go on from their checkpoint: {self._resumed}"))
        if self._afresh:
            what = "retried cells that begin afresh, because their loss was not finite"
            self._observe(Note(f"{what}: {self._afresh}"))

    def _set_aside(self, cell: Cell) -> None:
        moved = quarantine_damaged(self._layout, self._layout.folder(cell))
        if moved is not None:
            self.quarantined.append(moved)
            self._observe(Note(str(moved)))


def _nearest_class(name: str, valid: list[str]) -> str:
    """All names where none is near; the short ones are near to too many others to be guessed."""
    near = nearest(name, [one for one in valid if one not in SHORT_WORDS])
    return near if near.startswith("did") else f"valid names: {', '.join(valid)}"


def _classes(retry: Collection[str]) -> frozenset[str]:
    """Classes by their full names."""
    valid = [ALL_FAILED, *SHORT_WORDS, *HINTS]
    classes = frozenset(SHORT_WORDS.get(name, name) for name in retry)
    for name in classes.difference(valid):
        raise UserError(f"no class of failure: {name!r}", "--retry", _nearest_class(name, valid))
    return classes
