"""A wide table as blocks of columns that fit the terminal, the row labels before each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rich import box
from rich.table import Table
from rich.text import Text

from severe_bench.published.fit import GAP, chunks, column_width

LABEL_SHARE = 0.4  # of the line, at most, for the rows' labels
MISSING = "–"


@dataclass(frozen=True)
class Sheet:
    """What is to be shown, as text.

    Args:
        label: heading of the rows' labels.
        rows: the rows' labels.
        headings: column -> what stands above it.
        texts: (row, column) -> entry; absent ones are shown as missing.
    """

    label: str
    rows: tuple[str, ...]
    headings: Mapping[str, str]
    texts: Mapping[tuple[str, str], str]

    def entries(self, column: str) -> list[str]:
        """One column from top to bottom."""
        return [self.texts.get((row, column), MISSING) for row in self.rows]


def blocks(sheet: Sheet, width: int) -> Iterator[Table]:
    """As many tables as are needed for lines of `width` characters."""
    label = min(column_width(sheet.label, sheet.rows), int(width * LABEL_SHARE))
    widths = {
        column: column_width(heading, sheet.entries(column))
        for column, heading in sheet.headings.items()
    }
    for group in chunks(widths, width - label - GAP):
        yield _block(sheet, label, {column: widths[column] for column in group})


def _block(sheet: Sheet, label: int, widths: Mapping[str, int]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    table.add_column(Text(sheet.label), width=label, overflow="fold")
    for column, width in widths.items():
        heading = Text(sheet.headings[column])
        table.add_column(heading, width=width, justify="right", overflow="fold")
    entries = [sheet.entries(column) for column in widths]
    for row, *cells in zip(sheet.rows, *entries, strict=True):
        table.add_row(Text(row), *map(Text, cells))
    return table
