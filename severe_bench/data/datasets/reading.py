"""Official annotation files as text: lines, CSV rows and JSON, each value knowing its place."""

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from severe_bench.core.errors import UserError

MEND = "download the official file again"


@dataclass(frozen=True, slots=True)
class Line:
    """One line that is not blank, stripped, with its place `file:line`."""

    text: str
    where: str


@dataclass(frozen=True, slots=True)
class Cells:
    """One CSV row by column name, with its place `file:line`."""

    values: Mapping[str, str]
    where: str

    def __getitem__(self, column: str) -> str:
        return self.values[column]


class Once:
    """Refuses a name that was seen before.

    Example:
        >>> once = Once("video")
        >>> once.add("a.avi", "list.txt:1")
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._places: dict[str, str] = {}

    def add(self, name: str, where: str) -> None:
        """Remember `name`.

        Raises:
            UserError: it was there already, naming both places.
        """
        first = self._places.setdefault(name, where)
        if first is not where:
            raise UserError(
                f"{self.kind} {name!r} is listed twice, first at {first}", where, "remove one"
            )


def read_text(path: Path) -> str:
    """The whole file, without byte-order mark.

    Raises:
        UserError: not readable, empty, not UTF-8, or holding NUL bytes.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise UserError(f"cannot be read: {error.strerror}", str(path), MEND) from error
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UserError("is not UTF-8 text", f"{path}:{line}", MEND) from error
    if "\0" in text:
        line = text[: text.index("\0")].count("\n") + 1
        raise UserError("holds a NUL byte, so it is damaged", f"{path}:{line}", MEND)
    if not text.strip():
        raise UserError("is empty", str(path), MEND)
    return text


def read_lines(path: Path) -> list[Line]:
    """Lines that are not blank; CRLF, LF and a missing final newline read alike.

    Raises:
        UserError: as `read_text`.
    """
    # Not splitlines(): that also splits at characters that occur inside names.
    rows = read_text(path).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return [
        Line(row.strip(), f"{path}:{number}")
        for number, row in enumerate(rows, start=1)
        if row.strip()
    ]


def read_csv(path: Path, columns: Sequence[str]) -> list[Cells]:
    """Rows of a CSV file whose first line names its columns.

    Args:
        path: of the file.
        columns: that must be there; further ones are kept too.

    Raises:
        UserError: as `read_text`, or a missing column, or a row of another width.
    """
    rows = read_bare_csv(path)
    header = [cell.strip() for cell in rows[0][0]]
    for column in columns:
        if column not in header:
            raise UserError(f"no column {column!r}", rows[0][1], MEND)
    named = []
    for cells, where in rows[1:]:
        if len(cells) != len(header):
            raise UserError(f"{len(cells)} values for {len(header)} columns", where, MEND)
        named.append(Cells(dict(zip(header, cells, strict=True)), where))
    return named


def read_bare_csv(path: Path) -> list[tuple[list[str], str]]:
    """Rows that are not blank, as lists of cells with their place `file:line`.

    Raises:
        UserError: as `read_text`, or broken quoting.
    """
    return list(iterate_bare_csv(path))


def iterate_bare_csv(path: Path) -> Iterator[tuple[list[str], str]]:
    """As `read_bare_csv`, one row at a time, for files of a million rows."""
    reader = csv.reader(io.StringIO(read_text(path), newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            if cells:
                yield cells, f"{path}:{line}"
            line = reader.line_num + 1  # a quoted cell may span lines
    except csv.Error as error:
        raise UserError(f"is not CSV: {error}", f"{path}:{line}", MEND) from error


def read_json(path: Path) -> object:
    """The value in a JSON file.

    Raises:
        UserError: as `read_text`, or not JSON, with the line.
    """
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        where = f"{path}:{error.lineno}"
        raise UserError(f"is not JSON: {error.msg}", where, MEND) from error


def json_entries(path: Path) -> list[tuple[Mapping[str, object], str]]:
    """Objects of a JSON list, with their place `file: entry n`, counted from 1.

    Raises:
        UserError: as `read_json`, or it is not a list of objects.
    """
    value = read_json(path)
    if not isinstance(value, list) or not value:
        raise UserError("is not a JSON list of entries", str(path), MEND)
    entries: list[tuple[Mapping[str, object], str]] = []
    for number, entry in enumerate(value, start=1):
        where = f"{path}: entry {number}"
        if not isinstance(entry, dict):
            raise UserError("is not a JSON object", where, MEND)
        entries.append((entry, where))
    return entries


def json_object(path: Path) -> Mapping[str, object]:
    """The object in a JSON file.

    Raises:
        UserError: as `read_json`, or it is not an object.
    """
    value = read_json(path)
    if not isinstance(value, dict) or not value:
        raise UserError("is not a JSON object", str(path), MEND)
    return value


def text_of(entry: Mapping[str, object], key: str, where: str) -> str:
    """A text, or a whole number as text, under `key` of a JSON object.

    Raises:
        UserError: it is missing or something else.
    """
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, str | int) or value == "":
        raise UserError(f"{key!r} is {value!r}, not a text", where, MEND)
    return str(value)


def whole_number(value: object, what: str, where: str) -> int:
    """A whole number from text or JSON.

    Raises:
        UserError: it is something else.
    """
    try:
        if isinstance(value, str):
            return int(value)
    except ValueError:
        pass
    else:
        if isinstance(value, int) and not isinstance(value, bool):
            return value
    raise UserError(f"{what} {value!r} is not a whole number", where, MEND)


def class_id(value: object, n_classes: int, where: str, *, first: int = 0) -> int:
    """A 0-based class id from a label counted from `first`.

    Raises:
        UserError: not a whole number, or out of range.
    """
    label = whole_number(value, "label", where) - first
    if not 0 <= label < n_classes:
        span = f"{first} to {n_classes - 1 + first}"
        raise UserError(f"label {value} lies outside {span}", where, MEND)
    return label


def real_number(value: object, what: str, where: str) -> float:
    """A finite number from text or JSON.

    Raises:
        UserError: it is something else.
    """
    number = math.nan
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        try:
            number = float(value)
        except ValueError:
            number = math.nan
    if not math.isfinite(number):
        raise UserError(f"{what} {value!r} is not a number", where, MEND)
    return number


def under_root(path: str, where: str) -> str:
    """`path` itself, once it is sure that it does not lead out of the dataset's root.

    Raises:
        UserError: it is absolute or holds `..`.
    """
    if not path or path.startswith("/") or ".." in path.split("/"):
        raise UserError(f"path {path!r} does not lie under the root", where, MEND)
    return path
