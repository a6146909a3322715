"""The results table in the formats that other programs read."""

import io
import json
from collections.abc import Callable, Sequence

from severe_bench.analysis.findings import find
from severe_bench.analysis.reading import ResultsReader, harvest
from severe_bench.core.errors import UserError
from severe_bench.core.registry import nearest
from severe_bench.plan.cell import Cell
from severe_bench.report.tables.scores import matrix, ranking
from severe_bench.report.writers import to_latex
from severe_bench.store.layout import Layout
from severe_bench.store.table import COLUMNS, Row, rebuilt_table, table_of, table_text

_DTYPE_OF: dict[object, str] = {str: "str", int: "int64", bool: "bool"}
DTYPES = {name: _DTYPE_OF.get(f.annotation, "float64") for name, f in Row.model_fields.items()}


def exported(layout: Layout, planned: Sequence[Cell] | None, form: str) -> bytes:
    """The suite's results as a file's content.

    `csv`, `json` and `parquet` are tidy, a row per cell and metric; `latex` is the ranking and the
    table of experiments, as booktabs tables.

    Args:
        layout: of the suite.
        planned: the suite's cells as planned now; None for every cell in the folder.
        form: one of the four.

    Raises:
        UserError: another format, or parquet without pyarrow.
    """
    if form == "latex":
        findings = find(harvest(layout, planned), ResultsReader(layout), ())
        tables = (ranking(findings.study), matrix(findings.study))
        return "\n".join(map(to_latex, tables)).encode()
    if form not in WRITERS:
        raise UserError(f"unknown format {form!r}", "--format", nearest(form, [*WRITERS, "latex"]))
    rows = rebuilt_table(layout) if planned is None else table_of(layout, planned)
    return WRITERS[form](rows)


def to_csv(rows: Sequence[Row]) -> bytes:
    """The same text as `results.csv`."""
    return table_text(rows).encode()


def to_json(rows: Sequence[Row]) -> bytes:
    """A list of objects, missing numbers null."""
    content = [row.model_dump() for row in rows]
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def to_parquet(rows: Sequence[Row]) -> bytes:
    """One typed column per field.

    Raises:
        UserError: pyarrow is not installed.
    """
    try:
        import pyarrow  # noqa: F401 - pandas writes with it
    except ImportError as error:
        mend = "install the extra severe-bench[parquet], or take csv"
        raise UserError("parquet needs pyarrow", "--format", mend) from error
    import pandas as pd

    frame = pd.DataFrame([row.model_dump() for row in rows], columns=list(COLUMNS))
    stream = io.BytesIO()
    frame.astype(DTYPES).to_parquet(stream, index=False)
    return stream.getvalue()


WRITERS: dict[str, Callable[[Sequence[Row]], bytes]] = {
    "csv": to_csv,
    "json": to_json,
    "parquet": to_parquet,
}
