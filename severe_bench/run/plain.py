"""Plain lines, for logs and pipes."""

import time
from typing import TextIO

from severe_bench.run.events import Event, Failed, Finished, Outlook, Progressed, Retried, Stopped
from severe_bench.run.lines import line_of, outlook_line, progress_line
from severe_bench.run.sessions import Every
from severe_bench.store.status import Snapshot

SUMMARY_SECONDS = 30.0


class PlainDisplay:
    """Writes a line for each cell that ends, and where the running ones are now and then."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._summary_due = Every(SUMMARY_SECONDS)
        self._summary = ""
        self._running: dict[str, tuple[str, Snapshot]] = {}

    def __call__(self, event: Event) -> None:
        """Take one event."""
        if isinstance(event, Progressed):
            self._running[event.cell.id] = event.cell.title, event.progress
        elif isinstance(event, Finished | Failed | Retried | Stopped):
            self._running.pop(event.cell.id, None)
        elif isinstance(event, Outlook):
            self._summarise(event)
        text = line_of(event)
        if text is not None:
            self._write(text)

    def _summarise(self, outlook: Outlook) -> None:
        if (outlook.running or outlook.elsewhere) and not self._summary_due():
            return
        text = outlook_line(outlook)
        if text == self._summary and not self._running:
            return
        self._summary = text
        self._write(text)
        for title, progress in self._running.values():
            self._write(f"running  {title}: {progress_line(progress)}")

    def _write(self, text: str) -> None:
        print(time.strftime("%H:%M:%S"), text, file=self._stream, flush=True)
