"""One `severe run` at a time looks at the queue and submits to it, for one suite."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from severe_bench.core.atomic import mendable_writes
from severe_bench.core.errors import Interrupted
from severe_bench.run.events import Note, Observer
from severe_bench.store.layout import Layout
from severe_bench.store.lock import flocked

LOCK = ".submitting"
LOOK_SECONDS = 0.5


@contextmanager
def turn(
    layout: Layout, observe: Observer, stop: Callable[[], bool] = lambda: False
) -> Iterator[None]:
    """Wait until no other run submits cells of this suite; none does until this is closed.

    It ends with its process, however that ends. Two runs that looked at the same moment would
    both submit what is not on its way, and tasks would wait in vain for cells that others have.

    Args:
        layout: of the suite.
        observe: is told of a wait, once.
        stop: whether to wait no longer, asked again and again; Ctrl-C does without it where nobody
            listens for it.

    Raises:
        Interrupted: it was to wait no longer.
        UserError: the results folder cannot be written, or knows no locks.
    """
    path = layout.results / layout.suite / LOCK
    with mendable_writes(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        told = False
        while not flocked(descriptor, path):
            if not told:
                observe(Note("another `severe run` submits cells of this suite; waiting for it"))
            told = True
            if stop():
                raise Interrupted
            time.sleep(LOOK_SECONDS)
        yield
    finally:
        os.close(descriptor)
