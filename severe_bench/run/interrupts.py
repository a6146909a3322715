"""Ctrl-C and SIGTERM as something to ask about, not something that strikes anywhere."""

import signal
import threading
from types import FrameType
from typing import Self

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """Counts the requests to stop while it is open; the first asks kindly, the second insists.

    Outside the main thread, where handlers cannot be set, it never counts any.
    """

    def __init__(self) -> None:
        self.count = 0
        self._before: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        """Take over the handlers."""
        if threading.current_thread() is threading.main_thread():
            self._before = {name: signal.signal(name, self._note) for name in SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        """Give them back."""
        for name, handler in self._before.items():
            signal.signal(name, handler)  # type: ignore[arg-type]

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.count += 1
