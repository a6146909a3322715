"""`results.csv`: one row per cell and metric, derived from the cell folders."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from severe_bench.core.atomic import write_text
from severe_bench.core.errors import UserError
from severe_bench.core.frozen import Frozen
from severe_bench.plan.cell import Cell, Label
from severe_bench.store.cells import CorruptError, read_result
from severe_bench.store.layout import Layout
from severe_bench.store.result import Result


class Row(Frozen):
    """One metric of one cell; the field order is the column order.

    Scripts rely on the columns up to `headline`.

    Args:
        missing_train, missing_test: samples of the drawn training set and of the test set that the
            cell did without, because their videos are missing or unreadable.
        selected_on: `test` where the state of the network was chosen on the test split.
    """

    cell: str
    model: str
    experiment: str
    factor: str
    dataset: str
    task: str
    budget: str
    protocol: str
    preset: str
    seed: int
    metric: str
    value: float
    unit: str
    higher_is_better: bool
    ci_low: float | None
    ci_high: float | None
    headline: bool
    n: int
    seconds: float
    model_kind: str
    missing_train: int = 0
    missing_test: int = 0
    selected_on: str = ""

    @property
    def incomplete(self) -> bool:
        """Whether samples were missing: what shows such a number says so."""
        return self.missing_train + self.missing_test > 0


COLUMNS = tuple(Row.model_fields)


def rows_of(result: Result, label: Label) -> list[Row]:
    """The rows of one cell, under the names that `label` gives it; its headline's row is marked."""
    names = label.model_dump(exclude={"headline"})
    return [
        Row(
            cell=result.cell,
            metric=metric.name,
            headline=metric.name == label.headline,
            seconds=result.cost.seconds,
            missing_train=result.missing.get("train", 0),
            missing_test=result.missing.get("test", 0),
            selected_on=result.selected_on,
            **metric.model_dump(exclude={"name", "headline"}),
            **names,
        )
        for metric in result.metrics
    ]


def table_of(layout: Layout, cells: Iterable[Cell]) -> list[Row]:
    """Rows of a plan's finished cells, in the plan's order and under the plan's names.

    Damaged cells are left out; `severe run` moves them aside and computes them again.
    """
    rows: list[Row] = []
    for cell in cells:
        result = _sound_result(layout.folder(cell)) if cell.label else None
        if result is not None and cell.label is not None:
            rows += rows_of(result, cell.label)
    return rows


def rebuilt_table(layout: Layout) -> list[Row]:
    """Rows of every finished cell in the suite's folders, under the names it was computed with."""
    folders = sorted(layout.cells.iterdir()) if layout.cells.is_dir() else []
    results = [result for folder in folders if (result := _sound_result(folder))]
    return [row for result in results if result.label for row in rows_of(result, result.label)]


def table_text(rows: Sequence[Row]) -> str:
    """Rows as CSV; numbers round-trip, missing ones are empty, booleans are true and false."""
    lines = [COLUMNS, *([_text(value) for value in row.model_dump().values()] for row in rows)]
    return "".join(csv_line(values) for values in lines)


def write_table(path: Path, rows: Sequence[Row]) -> None:
    """Write `table_text` atomically.

    A table that says the same already is left alone, so that a results folder that can only be
    read does no harm.
    """
    text = table_text(rows)
    if not path.is_file() or path.read_bytes() != text.encode():
        write_text(path, text)


def read_table(path: Path) -> tuple[Row, ...]:
    """Read what `write_table` wrote; names such as `None` and `NA` stay names.

    Raises:
        UserError: it is missing or is no such table.
    """
    try:
        with path.open(encoding="utf-8", newline="") as stream:
            return tuple(_row(record) for record in csv.DictReader(stream))
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"not a results table: {reason}", str(path), "run `severe run`") from error


def csv_line(values: Iterable[object]) -> str:
    r"""One row and `\n`; written with `\r\n`, else csv does not quote a name with `\r`."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(values)
    return text.getvalue().removesuffix("\r\n") + "\n"


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, float) else str(value)


def _row(record: dict[str, str]) -> Row:
    for name in ("ci_low", "ci_high"):
        if record.get(name) == "":
            record = {**record, name: None}  # type: ignore[dict-item]
    return Row.model_validate(record)


def _sound_result(folder: Path) -> Result | None:
    try:
        return read_result(folder)
    except CorruptError:
        return None
