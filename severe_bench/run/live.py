"""A live table, for terminals."""

from types import TracebackType
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from severe_bench.run.events import (
    Blocked,
    Event,
    Failed,
    Finished,
    Outlook,
    Progressed,
    Retried,
    Started,
    Stopped,
)
from severe_bench.run.lines import line_of, outlook_line, progress_line

BAR_WIDTH = 24  # what 80 columns leave beside counts and time
REFRESH_PER_SECOND = 4


class LiveDisplay:
    """One row per lane under a bar; what failed, waits or is tried again scrolls by above.

    Names come from the user's yaml, so nothing is read as markup.
    """

    def __init__(self, suite: str, console: Console | None = None) -> None:
        self._suite = suite
        self._console = console or Console(stderr=True)
        self._live = Live(console=self._console, refresh_per_second=REFRESH_PER_SECOND)
        self._outlook: Outlook | None = None
        self._rows: dict[str, tuple[str, str, str]] = {}

    def __enter__(self) -> Self:
        """Begin to draw."""
        self._live.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Draw the last state and leave it."""
        self._rows.clear()
        self._live.update(self._picture())
        self._live.__exit__(kind, error, trace)

    def see(self, event: Event) -> None:
        """Take one event."""
        match event:
            case Outlook():
                self._outlook = event
            case Started(cell, lane):
                self._rows[lane] = cell.id, cell.title, ""
            case Progressed(cell, lane, progress):
                self._rows[lane] = cell.id, cell.title, progress_line(progress)
            case Finished(cell) | Failed(cell) | Retried(cell) | Stopped(cell):
                self._drop(cell.id)
        if not isinstance(event, Finished | Blocked):
            self._print(line_of(event))
        self._live.update(self._picture())

    def _drop(self, cell: str) -> None:
        self._rows = {lane: row for lane, row in self._rows.items() if row[0] != cell}

    def _print(self, text: str | None) -> None:
        if text is not None:
            self._console.print(Text(text), style="red" if text.startswith("FAILED") else "")

    def _picture(self) -> Group:
        table = Table.grid(padding=(0, 2))
        for column in ("lane", "title", "progress"):
            table.add_column(no_wrap=column != "title")
        for lane in sorted(self._rows):
            _, title, where = self._rows[lane]
            table.add_row(Text(lane, style="dim"), Text(title), Text(where, style="cyan"))
        return Group(self._heading(), table)

    def _heading(self) -> Table:
        heading = Table.grid(padding=(0, 2))
        outlook = self._outlook
        if outlook is None:
            heading.add_row(Text(self._suite, style="bold"), Text("looking at what is done"))
        else:
            ended = outlook.done + outlook.failed
            bar = ProgressBar(outlook.total, ended, width=BAR_WIDTH)
            heading.add_row(Text(self._suite, style="bold"), bar, Text(outlook_line(outlook)))
        return heading
