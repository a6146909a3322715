"""Signals that are meant for a job's main process leave the processes that read for it alone.

A cluster sends SIGTERM or SIGUSR2 to every process of a job; the main process then saves, and ends
its readers in order. A reader that died first would look to it like a crash.
"""

import multiprocessing
import os
import signal
import threading

SIGNALS = (signal.SIGTERM, signal.SIGUSR2)


def ignore_signals() -> None:
    """Ignore them in this process."""
    for name in SIGNALS:
        signal.signal(name, signal.SIG_IGN)


def begin_loader(_: int) -> None:
    """Ignore them, and end when the process that is read for does: a `worker_init_fn`.

    torch's own look at a loader's parent sees the fork server, which lives as long as its children.
    """
    ignore_signals()
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
