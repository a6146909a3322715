"""Printed tables as tables of the report."""

from collections.abc import Sequence

from severe_bench.published.columns import PrintedColumn
from severe_bench.published.differences import Difference
from severe_bench.published.table_5_8 import EXPERIMENTS, Line
from severe_bench.report.table import Entry, Head, Table, fixed, number, words
from severe_bench.report.tables.common import ABSENT, MODEL, digits_of, shades, table


def coloured(name: str, title: str, columns: Sequence[PrintedColumn]) -> Table:
    """Models by columns, coloured by rank within each column, with deviations where printed."""
    models = dict.fromkeys(model for one in columns for model in one.column.values)
    heads = [MODEL, *(Head(one.heading, _title(one), numeric=True) for one in columns)]
    colours = [shades(one.column) for one in columns]
    rows = [
        [
            words(model),
            *(_entry(one, model, c) for one, c in zip(columns, colours, strict=True)),
        ]
        for model in models
    ]
    caption = "As printed. Colours: rank within the column, red is low, blue is high."
    return table(name, title, caption, heads, rows)


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
    rows = [
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
    return table("severe_summary", "Table 5.8, computed and printed", caption, heads, rows)


def differences_table(found: Sequence[Difference]) -> Table:
    """Where print and its own cells disagree."""
    heads = [
        MODEL,
        Head("quantity", "Quantity"),
        Head("printed", "Printed", numeric=True),
        Head("computed", "Computed", numeric=True),
        Head("reason", "Why"),
    ]
    rows = [
        [
            words(one.model),
            words(one.quantity),
            number(one.printed),
            number(one.computed, 3),
            words(one.reason),
        ]
        for one in found
    ]
    return table("differences_from_print", "Where print differs", "", heads, rows)


def _entry(one: PrintedColumn, model: str, colours: dict[str, float]) -> Entry:
    value = one.column.values.get(model)
    if value is None:
        return ABSENT
    digits = digits_of(one.column.metric)
    spread = f" ± {fixed(one.stds[model], 1 if digits == 1 else 2)}" if model in one.stds else ""
    return Entry(value, fixed(value, digits) + spread, shade=colours[model])


def _title(one: PrintedColumn) -> str:
    return _direction(one.heading.replace(" / ", ": "), one.column.metric.higher_is_better)


def _direction(name: str, higher: bool) -> str:
    return name if higher else f"{name} ↓"
