"""Reading ahead in other processes, so that a device does not wait.

It is also for decord's sake, which must not be opened in a process that holds a CUDA context.
"""

import itertools
import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

from torch.utils.data import DataLoader, Dataset

from severe_bench.core.errors import UserError

Item = TypeVar("Item")

MOST_WORKERS = 8
"""Loader processes at most; each keeps a video store of its own."""

PRELOADED = ["torch.utils.data", "severe_bench.data.reading"]
"""Imported once by the fork server, so that a loader process starts at once."""


def usable_workers() -> int:
    """One process per processor that this one may use, less one for the training loop."""
    affinity = getattr(os, "sched_getaffinity", None)
    usable = len(affinity(0)) if affinity else os.cpu_count() or 1
    return max(1, min(MOST_WORKERS, usable - 1))


class Prefetcher(Generic[Item]):
    """A numbered reader that reads the following numbers ahead in loader processes.

    Asking for another number than the next one starts over there, which costs what was read ahead:
    that happens once, after a resume.

    Args:
        read: pure function of the number; must be picklable.
        workers: processes, started by forkserver, so that they inherit no CUDA context; by default
            `usable_workers()`.
    """

    def __init__(self, read: Callable[[int], Item], workers: int | None = None) -> None:
        self._read, self._workers = read, workers
        self._next = -1
        self._items: Iterator[Item] = iter(())

    def __call__(self, number: int) -> Item:
        """Item `number`.

        Raises:
            UserError: as raised by `read` in the other process.
        """
        if number != self._next:
            self._items = ahead(self._read, itertools.count(number), self._workers)
        self._next = number + 1
        return next(self._items)


def ahead(
    read: Callable[[int], Item], numbers: Iterable[int], workers: int | None = None
) -> Iterator[Item]:
    """`read` of each number, in order, read ahead in `workers` processes.

    Raises:
        UserError: as raised by `read`, without the other process's traceback.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    loader: DataLoader[Item | UserError] = DataLoader(
        _Calls(read),
        batch_size=None,
        sampler=numbers,
        num_workers=usable_workers() if workers is None else workers,
        multiprocessing_context=context,
        collate_fn=_as_it_is,
    )
    for item in loader:
        if isinstance(item, UserError):
            raise item
        yield item


class _Calls(Dataset[Item | UserError]):
    """A function as a torch dataset; errors of the user travel as values."""

    def __init__(self, read: Callable[[int], Item]) -> None:
        self.read = read

    def __getitem__(self, number: int) -> Item | UserError:
        try:
            return self.read(number)
        except UserError as error:
            return error


def _as_it_is(item: Item) -> Item:
    return item
