"""Published rows as one flat csv or json text."""

import csv
import io
import json
from collections.abc import Callable, Sequence

from severe_bench.published.read import COLUMNS, PublishedRow, find, rows, tables, tables_of
from severe_bench.published.sources import catalogue


def selected(names: Sequence[str]) -> list[PublishedRow]:
    """The rows of the named tables, sources and collections, each table once; of all if none named.

    Raises:
        UserError: a name is unknown or stands for several tables.
    """
    chosen = [table for name in names for table in _tables(name)] if names else tables()
    return [row for table in dict.fromkeys(chosen) for row in rows(table)]


def to_csv(found: Sequence[PublishedRow]) -> str:
    """RFC 4180 with LF, under the fields of `PublishedRow`; None is empty.

    A model is called `None`: read with `pandas.read_csv(..., keep_default_na=False)`.
    """
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(json.loads(row.model_dump_json()) for row in found)
    return stream.getvalue()


def to_json(found: Sequence[PublishedRow]) -> str:
    """A JSON list of objects, one per row."""
    dumped = [row.model_dump(mode="json") for row in found]
    return json.dumps(dumped, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


EXPORTERS: dict[str, Callable[[Sequence[PublishedRow]], str]] = {"csv": to_csv, "json": to_json}


def _tables(name: str) -> tuple[str, ...]:
    known = catalogue()
    if name in known.sources or name in known.collections:
        return tables_of(name)
    return (find(name),)
