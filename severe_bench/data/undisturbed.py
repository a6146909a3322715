"""Signals that are meant for a job's main process leave the processes that read for it alone.

A cluster sends SIGTERM or SIGUSR2 to every process of a job; the main process then saves, and ends
its readers in order. A reader that died first would look to it like a crash.
"""

import signal

SIGNALS = (signal.SIGTERM, signal.SIGUSR2)


def ignore_signals(_: int = 0) -> None:
    """Ignore them in this process; fits `worker_init_fn`."""
    for name in SIGNALS:
        signal.signal(name, signal.SIG_IGN)
