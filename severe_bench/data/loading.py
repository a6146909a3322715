"""Reading ahead in other processes, so that a device does not wait.

It is also for decord's sake, which must not be opened in a process that holds a CUDA context.
"""

import atexit
import itertools
import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

import torch
from torch.utils.data import DataLoader, Dataset

from severe_bench.core.errors import UserError
from severe_bench.data import tally
from severe_bench.data.pinned import pinned
from severe_bench.data.undisturbed import begin_loader

Item = TypeVar("Item")

MOST_WORKERS = 8
"""Loader processes at most; each keeps a video store of its own."""

AHEAD = 2
"""Items that each of them has read, or reads, before they are asked for."""

PRELOADED = ["severe_bench.data.fork_server", "torch.utils.data", "severe_bench.data.reading"]
"""Imported once by the fork server, so that a loader process starts at once.

The first makes it, and so each loader from its first moment, ignore the signals that end a job.
"""


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

    Where there is CUDA, a thread moves decoded frames into pinned memory, from which a device
    fetches them by itself; there frames come as tensors. Only the readers for devices come here:
    for a CPU nothing is read ahead.

    Raises:
        UserError: as raised by `read`, without the other process's traceback.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    loader: DataLoader[_Told[Item]] = DataLoader(
        _Calls(read),
        batch_size=None,
        sampler=numbers,
        num_workers=usable_workers() if workers is None else workers,
        prefetch_factor=AHEAD,
        pin_memory=torch.cuda.is_available(),
        multiprocessing_context=context,
        collate_fn=_as_it_is,
        worker_init_fn=begin_loader,  # after torch, which makes SIGTERM end a worker
    )
    with _ended(iter(loader)) as items:
        for told in items:
            tally.count(told.decoders)
            if isinstance(told.item, UserError):
                raise told.item
            yield told.item


@contextmanager
def _ended(items: Iterator[Item]) -> Iterator[Iterator[Item]]:
    """A loader's iterator, whose processes are ended with it, in order.

    An error on its way keeps the iterator alive, for it knows where it came from; and processes
    that are left when Python ends would be sent SIGTERM, which they ignore, and waited for.
    """
    end: Callable[[], None] = getattr(items, "_shutdown_workers", _nothing)
    atexit.register(end)
    try:
        yield items
    finally:
        atexit.unregister(end)
        end()


def _nothing() -> None:
    """Other versions of torch may end their processes otherwise."""


@dataclass(frozen=True)
class _Told(Generic[Item]):
    """What a loader process sends: the item, or an error of the user, and what decoded it."""

    item: Item | UserError
    decoders: Mapping[str, int]

    def pin_memory(self) -> "_Told[Item]":
        """What torch's pinning thread asks for."""
        return replace(self, item=pinned(self.item))


class _Calls(Dataset[_Told[Item]]):
    """A function as a torch dataset."""

    def __init__(self, read: Callable[[int], Item]) -> None:
        self.read = read

    def __getitem__(self, number: int) -> _Told[Item]:
        try:
            item: Item | UserError = self.read(number)
        except UserError as error:
            item = error
        return _Told(item, tally.taken())


def _as_it_is(told: Item) -> Item:
    return told
