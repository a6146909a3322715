"""The garbage collector, held while many objects are made that all stay."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_held() -> Iterator[None]:
    """No cyclic garbage is looked for inside; reference counting goes on as always.

    Without this, reading ten thousand lines of YAML spends four fifths of its time walking through
    the nodes made so far.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
