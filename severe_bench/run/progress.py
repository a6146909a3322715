"""The display of a run: a live table in a terminal, plain lines elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from severe_bench.run.events import Observer
from severe_bench.run.plain import PlainDisplay


@contextmanager
def display(suite: str) -> Iterator[Observer]:
    """What to hand to `run_cells` as observer; writes to standard error.

    Args:
        suite: its name, for the heading.
    """
    if not sys.stderr.isatty():
        yield PlainDisplay(sys.stderr)
        return
    from severe_bench.run.live import LiveDisplay

    with LiveDisplay(suite) as live:
        yield live.see
