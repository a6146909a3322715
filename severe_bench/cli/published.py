"""`severe published`: numbers printed in the literature."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="published",
    help="Numbers printed in the literature, as data. Never mixed with measured ones.",
    no_args_is_help=True,
)


class Format(StrEnum):
    """What `--format` takes."""

    CSV = "csv"
    JSON = "json"


class Ties(StrEnum):
    """What `--ties` takes."""

    MIN = "min"
    AVERAGE = "average"


@app.command("list")
def list_tables() -> None:
    """All published tables, by full name."""
    from rich.console import Console

    from severe_bench.published.render import table_list

    Console(highlight=False).print(table_list())


@app.command("show")
def show(
    table: Annotated[
        str,
        typer.Argument(
            help="A full name, a number (the SEVERE thesis's, if it has it), or a source."
        ),
    ],
) -> None:
    """One table as printed, with notes on what is printed wrongly; or the tables of a source."""
    from rich.console import Console

    from severe_bench.published.read import find, tables_of
    from severe_bench.published.render import one_table, table_list
    from severe_bench.published.sources import catalogue

    console = Console(highlight=False)
    known = catalogue()
    if table in known.sources or table in known.collections:
        console.print(table_list(tables_of(table)))
    else:
        console.print(one_table(find(table), console.width))


@app.command("summary")
def summary(
    ties: Annotated[Ties, typer.Option(help="How equal values share ranks.")] = Ties.MIN,
    ranks_as_printed: Annotated[
        bool,
        typer.Option(
            "--ranks-as-printed",
            help="Reproduce the printed ranks, which rank the UCF-RC error the wrong way round.",
        ),
    ] = False,
) -> None:
    """Table 5.8 of the SEVERE thesis: means and average ranks, computed and printed."""
    from rich.console import Console

    from severe_bench.published.differences import differences
    from severe_bench.published.render import summary_table
    from severe_bench.published.table_5_8 import lines, lines_ranked_as_printed

    found = lines_ranked_as_printed() if ranks_as_printed else lines(ties.value)
    console = Console(highlight=False)
    console.print(summary_table(found, differences(found), console.width))


@app.command("export")
def export(
    tables: Annotated[
        list[str] | None, typer.Argument(help="Full names, sources or collections; all if none.")
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="Of the exported rows.")] = Format.CSV,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file; standard output if left out.")
    ] = None,
) -> None:
    """Published rows as one flat table: one row per printed cell."""
    from severe_bench.cli.output import write_output
    from severe_bench.published.export import EXPORTERS, selected

    content = EXPORTERS[form.value](selected(tables or []))
    if output is not None:
        write_output(output, content.encode())
    else:
        typer.echo(content, nl=False)
