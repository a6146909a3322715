"""Printed tables as tables of the report."""

from collections.abc import Mapping, Sequence

from severe_bench.published.columns import (
    PrintedColumn,
    printed_columns,
    row_labels,
    title_of,
)
from severe_bench.published.differences import Difference
from severe_bench.published.read import PublishedRow, rows
from severe_bench.published.table_5_8 import EXPERIMENTS, Line
from severe_bench.published.wide import Wide, widen
from severe_bench.report.table import Entry, Head, Table, fixed, number, words
from severe_bench.report.tables.common import ABSENT, MODEL, digits_of, shades, table

COLOURED = " Colours: rank within the column, red is worst, blue is best."


def coloured(table_: str, name: str) -> Table:
    """A table as printed, every row and column; columns of one metric coloured by rank.

    Args:
        table_: full name, see `severe_bench.published.read.tables`.
        name: of the table made.
    """
    wide, labels = widen(rows(table_)), row_labels(table_)
    known = {one.heading: one for one in printed_columns(table_)}
    colours = {heading: shades(one.column) for heading, one in known.items()}
    named = any(label != shown for label, shown in labels.items()) or bool(known)
    heads = [
        MODEL if named else Head("row", "Row"),
        *(_head(heading, wide, known.get(heading)) for heading in wide.columns),
    ]
    lines = [
        [
            words(labels[label]),
            *(
                _entry(wide.cells.get((label, h)), known.get(h), colours.get(h, {}), labels)
                for h in wide.columns
            ),
        ]
        for label in wide.rows
    ]
    caption = "As printed." + (COLOURED if known else "")
    return table(name, title_of(table_), caption, heads, lines)


def summary_table(found: Sequence[Line]) -> Table:
    """Table 5.8 with computed and printed means and average ranks."""
    heads = [
        MODEL,
        Head("backbone", "Backbone"),
        *(Head(e.name, _direction(e.name, e.metric.higher_is_better), True) for e in EXPERIMENTS),
        Head("mean", "Mean", numeric=True),
        Head("mean_printed", "Mean printed", numeric=True),
        Head("average_rank", "Average rank ↓", numeric=True),
        Head("average_rank_printed", "Rank printed ↓", numeric=True),
    ]
    entries = [
        [
            words(line.model),
            words(line.backbone),
            *(number(line.values[e.name], digits_of(e.metric)) for e in EXPERIMENTS),
            number(line.mean, 2),
            number(line.mean_printed),
            number(line.average_rank, 3),
            number(line.average_rank_printed),
        ]
        for line in found
    ]
    caption = (
        "Mean of the eight columns, the counting error entered as 100·(1 − error). Average of the "
        f"eight ranks, 1 is best; {found[0].rule}."
    )
    return table("severe_summary", "Table 5.8, computed and printed", caption, heads, entries)


def differences_table(found: Sequence[Difference]) -> Table:
    """Where print and its own cells disagree."""
    heads = [
        MODEL,
        Head("quantity", "Quantity"),
        Head("printed", "Printed", numeric=True),
        Head("computed", "Computed", numeric=True),
        Head("reason", "Why"),
    ]
    entries = [
        [
            words(one.model),
            words(one.quantity),
            number(one.printed),
            number(one.computed, 3),
            words(one.reason),
        ]
        for one in found
    ]
    return table("differences_from_print", "Where print differs", "", heads, entries)


def _head(heading: str, wide: Wide, one: PrintedColumn | None) -> Head:
    title = heading.replace(" / ", ": ")
    if one is None:
        cells = wide.column(heading).values()
        return Head(heading, title, numeric=all(cell.value is not None for cell in cells))
    return Head(heading, _direction(title, one.column.metric.higher_is_better), numeric=True)


def _entry(
    cell: PublishedRow | None,
    one: PrintedColumn | None,
    colours: Mapping[str, float],
    labels: Mapping[str, str],
) -> Entry:
    if cell is None:
        return ABSENT
    if one is None or cell.value is None:
        return Entry(cell.printed if cell.value is None else cell.value, cell.printed)
    digits = digits_of(one.column.metric)
    spread = "" if cell.std is None else f" ± {fixed(cell.std, 1 if digits == 1 else 2)}"
    return Entry(cell.value, fixed(cell.value, digits) + spread, shade=colours[labels[cell.row]])


def _direction(name: str, higher: bool) -> str:
    return name if higher else f"{name} ↓"
