"""A published table in its printed shape: rows by columns."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from severe_bench.published.read import PublishedRow


@dataclass(frozen=True)
class Wide:
    """Rows and columns in reading order; a cell in which nothing is printed is absent.

    Args:
        rows: labels of the rows.
        columns: labels of the columns.
        cells: (row, column) -> what is printed there.
    """

    rows: tuple[str, ...]
    columns: tuple[str, ...]
    cells: Mapping[tuple[str, str], PublishedRow]

    def column(self, label: str) -> dict[str, PublishedRow]:
        """One column's cells by row, without the absent ones."""
        cells = ((row, self.cells.get((row, label))) for row in self.rows)
        return {row: cell for row, cell in cells if cell is not None}

    def of_row(self, label: str) -> list[PublishedRow]:
        """One row's cells, without the absent ones."""
        cells = (self.cells.get((label, column)) for column in self.columns)
        return [cell for cell in cells if cell is not None]


def widen(rows: Iterable[PublishedRow]) -> Wide:
    """The cells of one table, arranged.

    A column takes its place from the first row that is complete enough to order it, so columns
    with gaps stay where they are printed.
    """
    cells = {(row.row, row.column): row for row in rows}
    labels = tuple(dict.fromkeys(row for row, _ in cells))
    by_row = [[column for row, column in cells if row == label] for label in labels]
    return Wide(labels, tuple(_merged(by_row)), cells)


def _merged(sequences: list[list[str]]) -> list[str]:
    """All labels in an order that keeps every sequence's own."""
    merged: list[str] = []
    for sequence in sorted(sequences, key=len, reverse=True):
        at = 0
        for label in sequence:
            if label in merged:
                at = merged.index(label) + 1
            else:
                merged.insert(at, label)
                at += 1
    return merged
