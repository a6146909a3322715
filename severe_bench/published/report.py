"""A source's tables as csv files in their printed shape, Table 5.8 with its computed summary."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from severe_bench.core.atomic import write_text
from severe_bench.published.read import PublishedRow, rows, tables_of
from severe_bench.published.table_5_8 import TABLE as TABLE_5_8
from severe_bench.published.table_5_8 import Line, lines
from severe_bench.published.wide import Wide, widen

FOLDER = "published"
WHO = ("model", "backbone", "pretraining")
Record = Mapping[str, str | float | None]


def write_published_report(source: str, results: Path) -> list[Path]:
    """Write every table of a source or collection below `results`/published/`source`.

    Each printed table becomes `table_<number>.csv`, dots as underscores; `table_5_8.csv` of the
    SEVERE thesis has means and average ranks computed with every direction obeyed (ties share the
    better rank) beside the printed ones. `notes.csv` says what is printed wrongly and where.
    Existing files are replaced.

    Args:
        source: key of a source or collection in `sources.yaml`, e.g. `severe2022`.
        results: a results folder; made if it is missing.

    Returns:
        The files, in the order of the tables.

    Raises:
        UserError: the key is unknown, or the folder cannot be written.
    """
    folder = results / FOLDER / source
    names = tables_of(source)
    contents = {_file_name(name): _csv(list(records(name))) for name in names}
    contents["notes.csv"] = _csv([_note(row) for name in names for row in rows(name) if row.note])
    for file_name, content in contents.items():
        write_text(folder / file_name, content)
    return [folder / file_name for file_name in contents]


def records(table: str) -> Iterator[Record]:
    """The lines of a table's csv file: heading -> entry, None where nothing is printed.

    Args:
        table: a full name, see `severe_bench.published.read.tables`.
    """
    if table == TABLE_5_8:
        yield from map(_summary, lines())
        return
    wide = widen(rows(table))
    for label in wide.rows:
        yield {"row": label, **_who(wide.of_row(label)), **_entries(wide, label)}


def slug(heading: str) -> str:
    """A printed heading as a csv heading.

    Example:
        >>> slug("Samples / UCF (10^3)"), slug("ΔmAP")
        ('samples_ucf_10_3', 'delta_map')
    """
    spelt = heading.replace("Δ", "delta ").lower()
    return re.sub(r"[^a-z0-9]+", "_", spelt).strip("_")


def _summary(line: Line) -> Record:
    return {
        "model": line.model,
        "backbone": line.backbone,
        **line.values,
        "mean": round(line.mean, 6),  # sums of one-decimal numbers: the rest is float noise
        "average_rank": line.average_rank,
        "mean_printed": line.mean_printed,
        "average_rank_printed": line.average_rank_printed,
    }


def _who(cells: Sequence[PublishedRow]) -> Record:
    """What all cells of a row say alike of the model; empty where they differ."""
    said = {name: {getattr(cell, name) for cell in cells} for name in WHO}
    return {name: next(iter(values)) if len(values) == 1 else "" for name, values in said.items()}


def _entries(wide: Wide, label: str) -> Record:
    entries: dict[str, str | float | None] = {}
    for column in wide.columns:
        cell = wide.cells.get((label, column))
        entries[slug(column)] = None if cell is None else _content(cell)
        if any(found.std is not None for found in wide.column(column).values()):
            entries[f"{slug(column)}_std"] = None if cell is None else cell.std
    return entries


def _content(cell: PublishedRow) -> str | float:
    return cell.printed if cell.value is None else cell.value


def _note(row: PublishedRow) -> Record:
    return {name: getattr(row, name) for name in ("table", "row", "column", "printed", "note")}


def _file_name(table: str) -> str:
    number = table.rpartition("_")[2]
    return f"table_{number.replace('.', '_')}.csv"


def _csv(found: Iterable[Record]) -> str:
    """RFC 4180 with LF; None is empty, whole numbers have no decimals."""
    lines_of_file = list(found)
    stream = io.StringIO()
    if lines_of_file:
        writer = csv.DictWriter(stream, list(lines_of_file[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {key: _plain(value) for key, value in line.items()} for line in lines_of_file
        )
    return stream.getvalue()


def _plain(value: str | float | None) -> str | float | None:
    return int(value) if isinstance(value, float) and value.is_integer() else value
