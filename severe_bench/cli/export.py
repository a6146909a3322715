"""`severe export`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from severe_bench.cli.options import RESULTS, Config, Results, Suite


class Format(StrEnum):
    """What `--format` takes."""

    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"
    LATEX = "latex"


def export(
    suite: Suite = None,
    config: Config = None,
    results: Results = RESULTS,
    form: Annotated[Format, typer.Option("--format", help="Of the exported table.")] = Format.CSV,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file; standard output if left out.")
    ] = None,
) -> None:
    """All results of a suite as one flat table: one row per cell and metric."""
    import sys

    from severe_bench.cli.opening import open_suite
    from severe_bench.cli.output import write_output
    from severe_bench.core.errors import UserError
    from severe_bench.report.export import exported

    opened = open_suite(suite, config, results)
    content = exported(opened.layout, opened.whole.cells, form.value)
    if output is not None:
        write_output(output, content)
    elif form is Format.PARQUET and sys.stdout.isatty():
        raise UserError("parquet is binary", mend="name a file with --output FILE")
    else:
        sys.stdout.buffer.write(content)
