"""Printed tables as columns of models: what rankings, colours and figures work on."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from severe_bench.analysis.ranking import Column
from severe_bench.core.metric import Metric
from severe_bench.published.read import PublishedRow, name_of, rows
from severe_bench.published.sources import catalogue
from severe_bench.published.wide import Wide, widen

UNITLESS = ("counting_error", "video_map")
"""Quantities that are printed as fractions; all others are in per cent."""
TITLES = {
    "top1": "top-1 accuracy",
    "mean_per_class": "mean per-class accuracy",
    "map": "mean average precision",
    "video_map": "video mAP",
    "counting_error": "mean counting error",
}
FACTORS = {
    "Existing": "standard",
    "Domains": "domain",
    "Samples": "samples",
    "Actions": "actions",
    "Tasks": "task",
}


@dataclass(frozen=True)
class PrintedColumn:
    """One column of a printed table.

    Args:
        heading: as printed, its levels joined by ` / `.
        column: its values; `experiment` is the heading's last level, with its first where needed.
        stds: row -> standard deviation over seeds, where printed.
    """

    heading: str
    column: Column
    stds: Mapping[str, float]


@cache
def printed_columns(table: str) -> tuple[PrintedColumn, ...]:
    """The columns of a table that hold a quantity with a direction, for two rows or more.

    Their values are by row, called as `row_labels` says.

    Args:
        table: a full name, see `severe_bench.published.read.tables`.
    """
    wide = widen(rows(table))
    labels = row_labels(table)
    found = (_column(wide, heading, labels) for heading in wide.columns)
    return tuple(column for column in found if column is not None)


@cache
def row_labels(table: str) -> Mapping[str, str]:
    """Row as printed -> what it is called here: its model, or as printed where that is not one.

    Where two rows are of the same model (in two settings, or measured and quoted), all rows of the
    table keep their printed labels.
    """
    wide = widen(rows(table))
    models = {label: {cell.model for cell in wide.of_row(label)} for label in wide.rows}
    named = {label: next(iter(found)) for label, found in models.items() if len(found) == 1}
    unique = len(set(named.values())) == len(wide.rows)
    return named if unique else {label: label for label in wide.rows}


def printed_column(table: str, heading: str) -> PrintedColumn:
    """One of them.

    Raises:
        KeyError: there is no such column.
    """
    return {column.heading: column for column in printed_columns(table)}[heading]


def title_of(table: str) -> str:
    """Our title of a table."""
    source, _, number = table.rpartition("_")
    return catalogue().sources[source].tables[number]


def severe_table(number: str) -> str:
    """Full name of a table of the thesis that SEVERE stands in.

    Example:
        >>> severe_table("4.4")
        'thoker2023thesis_4.4'
    """
    return name_of("thoker2023thesis", number)


def metric_of(row: PublishedRow) -> Metric | None:
    """The metric of a printed cell; None for settings, counts, means and ranks."""
    if row.higher_is_better is None or row.metric in ("mean_score", "average_rank"):
        return None
    best, unit = (1.0, "") if row.metric in UNITLESS else (100.0, "%")
    worst = 0.0
    if not row.higher_is_better:
        worst, best = best, worst
    return Metric(row.metric, TITLES.get(row.metric, row.metric), unit, worst, best)


def _column(wide: Wide, heading: str, labels: Mapping[str, str]) -> PrintedColumn | None:
    cells = [cell for cell in wide.column(heading).values() if cell.value is not None]
    metric = metric_of(cells[0]) if cells else None
    models = {labels[cell.row]: cell for cell in cells}
    if metric is None or len(models) < 2 or len({cell.metric for cell in cells}) > 1:
        return None
    values = {model: cell.value for model, cell in models.items() if cell.value is not None}
    stds = {model: cell.std for model, cell in models.items() if cell.std is not None}
    name = _name(wide, heading)
    factor = FACTORS.get(heading.partition(" / ")[0], "")
    return PrintedColumn(heading, Column(name, factor, metric, values), stds)


def _name(wide: Wide, heading: str) -> str:
    """The last level of a heading, or all of it where other columns share that."""
    last = heading.rpartition(" / ")[2]
    same = [other for other in wide.columns if other.rpartition(" / ")[2] == last]
    return last if len(same) == 1 else heading.replace(" / ", ": ")
