"""Numbers printed in the literature: one csv file per table, one row per printed cell."""

import csv
from functools import cache
from typing import Any

from severe_bench.core.errors import UserError
from severe_bench.core.frozen import Frozen
from severe_bench.published.sources import HERE, catalogue

SEVERE_THESIS = "thoker2023thesis"
NULLABLE = ("higher_is_better", "value", "std", "n")


class PublishedRow(Frozen):
    """One cell of a printed table; the field order is the column order of the csv files.

    It is no measured row and shares no type with one. Cells in which nothing is printed have no
    row, but where a blank means "no" (Table B.1 of the thesis) it is a 0. What is printed wrongly
    stays so: `note` says it.

    Args:
        source: citation key, see `sources.yaml`.
        table: the source's number of the table.
        row: label of the row, as printed; where two rows have the same, what tells them apart is
            added.
        column: heading of the column, its levels joined by ` / `.
        model: our name of the pretrained model or method.
        backbone: the network, where stated.
        modality: what pretraining saw, e.g. `RGB+Audio`, where stated.
        pretraining: the pretraining set; `none` for training from scratch, empty if not stated.
        dataset: downstream dataset, empty where the number belongs to no dataset.
        task: downstream task.
        protocol: how the model met the dataset, with the label budget if there is one.
        metric: name of the quantity.
        higher_is_better: the metric's direction; None for settings and counts.
        printed: the cell as printed, without markup.
        value: the number in `printed`, in its printed unit (durations in seconds, parameters in
            millions); None where the cell is no number.
        std: the standard deviation, where printed.
        n: runs behind the value, where stated.
        note: printed errors, contradictions and provenance, in our words.
    """

    source: str
    table: str
    row: str
    column: str
    model: str
    backbone: str
    modality: str
    pretraining: str
    dataset: str
    task: str
    protocol: str
    metric: str
    higher_is_better: bool | None
    printed: str
    value: float | None
    std: float | None
    n: int | None
    note: str


COLUMNS = tuple(PublishedRow.model_fields)


def name_of(source: str, table: str) -> str:
    """A table's full name.

    Example:
        >>> name_of("thoker2023thesis", "5.8")
        'thoker2023thesis_5.8'
    """
    return f"{source}_{table}"


@cache
def tables() -> tuple[str, ...]:
    """Full names of all tables, source by source."""
    return tuple(
        name_of(key, table)
        for key, source in catalogue().sources.items()
        for table in source.tables
    )


@cache
def rows(table: str) -> tuple[PublishedRow, ...]:
    """The cells of one table in reading order.

    Args:
        table: a full name as in `tables`.

    Raises:
        UserError: there is no such table.

    Example:
        >>> [row.printed for row in rows("thoker2023thesis_C.3")]
        ['61.4', '64.1', '64.8']
    """
    if table not in tables():
        raise UserError(f"no published table {table!r}", mend="see: severe published list")
    with (HERE / f"{table}.csv").open(encoding="utf-8", newline="") as stream:
        return tuple(PublishedRow.model_validate(_typed(row)) for row in csv.DictReader(stream))


def tables_of(source: str) -> tuple[str, ...]:
    """Full names of a source's or a collection's tables.

    Raises:
        UserError: no source or collection has this key.
    """
    known = catalogue()
    if source in known.sources:
        return tuple(name_of(source, table) for table in known.sources[source].tables)
    if source in known.collections:
        chosen = known.collections[source]
        return tuple(name_of(chosen.source, table) for table in chosen.tables)
    keys = ", ".join([*known.collections, *known.sources])
    raise UserError(f"no published source {source!r}", mend=f"there are: {keys}")


def find(name: str) -> str:
    """The full name of a table from what a user may call it.

    Args:
        name: a full name, `<collection>_<number>`, or a number: that of the SEVERE thesis where
            it has one, else of the only source which has it.

    Raises:
        UserError: none or several match.

    Example:
        >>> find("5.8"), find("severe2022_4.4"), find("A5")
        ('thoker2023thesis_5.8', 'thoker2023thesis_4.4', 'indris2025assembly_A5')
    """
    key, _, number = name.rpartition("_")
    same = [table for table in _pool(key) if table.rpartition("_")[2] == number]
    severe = [table for table in same if table == name_of(SEVERE_THESIS, number)]
    found = severe or same
    if not found:
        raise UserError(f"no published table {name!r}", mend="see: severe published list")
    if len(found) > 1:
        mend = f"choose: {', '.join(found)}"
        raise UserError(f"several tables have the number {name}", mend=mend)
    return found[0]


def _pool(key: str) -> tuple[str, ...]:
    """Tables of a source or collection; of all sources without a key, of none if it is unknown."""
    if not key:
        return tables()
    known = catalogue()
    return tables_of(key) if key in known.sources or key in known.collections else ()


def _typed(row: dict[str, str]) -> dict[str, Any]:
    return {**row, **{name: None for name in NULLABLE if not row[name]}}
