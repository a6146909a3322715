"""Rows of a manifest: read, checked, each knowing its file and line."""

import csv
import json
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from posixpath import normpath
from typing import NoReturn

from severe_bench.core.errors import UserError
from severe_bench.core.record import SPLITS, Split

REQUIRED = ("path", "label", "split")
KNOWN = (*REQUIRED, "sample", "start", "end", "group")
"""The columns that every record has a field for."""


@dataclass(frozen=True)
class Row:
    """One line of a manifest.

    Args:
        where: `file:line`.
        cells: all columns by name, stripped of surrounding blanks.
        split: train or test.
        start: seconds, or None.
        end: seconds, or None.
    """

    where: str
    cells: Mapping[str, str]
    split: Split
    start: float | None
    end: float | None

    @property
    def path(self) -> str:
        """Of the video, relative to the root, in its shortest form."""
        return normpath(self.cells["path"])

    @property
    def sample(self) -> str:
        """The `sample` column where there is one, else the path and, if trimmed, the range."""
        if self.cells.get("sample"):
            return self.cells["sample"]
        if self.start is None and self.end is None:
            return self.path
        return f"{self.path}#{self.cells.get('start', '')}-{self.cells.get('end', '')}"


def read_rows(path: Path) -> list[Row]:
    """All rows of a CSV file (UTF-8, comma, header line).

    Raises:
        UserError: with file and line, the first thing that is wrong.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            header = _header(next(reader, []), path)
            rows = [_row(header, cells, f"{path}:{reader.line_num}") for cells in reader if cells]
    except UnicodeDecodeError as error:
        raise UserError("is not UTF-8 text", str(path), "save it as UTF-8") from error
    except csv.Error as error:
        raise UserError(f"is not CSV: {error}", f"{path}:{reader.line_num}") from error
    if not rows:
        raise UserError("has no rows", str(path), "list at least one video")
    return rows


def extras_of(rows: Sequence[Row], typed: Collection[str] = ()) -> list[dict[str, object]]:
    """The further columns but those that are `typed` elsewhere, by row; empty cells are left out.

    A column whose filled cells are all numbers, lists or objects in JSON is read as such; any other
    column is text throughout, so that its type does not depend on the row.
    """
    extras: list[dict[str, object]] = [{} for _ in rows]
    for column in [name for name in rows[0].cells if name not in KNOWN and name not in typed]:
        texts = [row.cells[column] for row in rows]
        values = _parsed(texts)
        for extra, text, value in zip(extras, texts, values, strict=True):
            if text:
                extra[column] = value
    return extras


def _header(cells: list[str], path: Path) -> list[str]:
    header = [cell.strip() for cell in cells]
    where = f"{path}:1"
    for name in REQUIRED:
        if name not in header:
            mend = f"the first line names the columns, at least {','.join(REQUIRED)}"
            raise UserError(f"no column {name!r}", where, mend)
    for name in header:
        if not name or header.count(name) > 1:
            raise UserError(f"column {name!r} is unnamed or named twice", where, "name it once")
    return header


def _row(header: list[str], cells: list[str], where: str) -> Row:
    if len(cells) != len(header):
        mend = "quote values that contain a comma"
        raise UserError(f"{len(cells)} values for {len(header)} columns", where, mend)
    named = dict(zip(header, (cell.strip() for cell in cells), strict=True))
    _check_path(named["path"], where)
    if named["split"] not in SPLITS:
        raise UserError(f"unknown split {named['split']!r}", where, "use train or test")
    start, end = seconds_in(named, "start", where), seconds_in(named, "end", where)
    if end is not None and end <= (start or 0.0):
        raise UserError(f"the range ends at {end} s, not after its start", where, "mend the range")
    return Row(where, named, named["split"], start, end)


def _check_path(text: str, where: str) -> None:
    path = PurePosixPath(text)
    if not text or path.is_absolute() or ".." in path.parts:
        mend = "give it relative to the dataset's root, without '..'"
        raise UserError(f"path {text!r} does not lie under the root", where, mend)


def seconds_in(cells: Mapping[str, str], column: str, where: str) -> float | None:
    """A time in seconds from a column, or None where it is missing or the cell is empty.

    Raises:
        UserError: not a number, negative, or not finite.
    """
    text = cells.get(column, "")
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise UserError(f"{column} {text!r} is not a time", where, "give seconds from 0 on")
    return seconds


def _parsed(texts: Sequence[str]) -> Sequence[object]:
    """JSON values where every filled cell is a number, list or object; else the texts."""
    try:
        values = [json.loads(text, parse_constant=_refuse) if text else None for text in texts]
    except ValueError:
        return texts
    filled = [value for value, text in zip(values, texts, strict=True) if text]
    return texts if any(isinstance(value, str | None) for value in filled) else values


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no number")
