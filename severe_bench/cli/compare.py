"""`severe compare`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from severe_bench.cli.options import AsJson, Experiments

if TYPE_CHECKING:
    from severe_bench.report.comparing import Compared
    from severe_bench.store.layout import Layout


def compare(
    results: Annotated[
        Path, typer.Argument(help="A results folder, or the folder of one suite in it.")
    ],
    models: Annotated[
        list[str] | None, typer.Argument(help="Two models to compare with each other.")
    ] = None,
    with_: Annotated[
        str | None, typer.Option("--with", help="`published`: rank among the printed rows.")
    ] = None,
    suite: Annotated[
        str | None, typer.Option(help="Which suite, where the folder holds several.")
    ] = None,
    experiments: Experiments = None,
    as_json: AsJson = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write the tables (CSV, Markdown, LaTeX) here."),
    ] = None,
) -> None:
    """Your models beside the published ones, or two of them with each other.

    `severe compare RESULTS --with published` puts every measured model into the SEVERE table;
    `severe compare RESULTS MODEL MODEL` tests the difference of two, experiment by experiment.
    """
    from rich.console import Console

    from severe_bench.report.comparing import suite_of

    found = _compared(suite_of(results.absolute(), suite), models or [], with_, experiments or [])
    if output is not None:
        _write(found, output)
    if as_json:
        typer.echo(found.json())
        return
    console = Console(highlight=False)
    console.print(found.shown(console.width))
    if output is not None:
        typer.echo(f"tables: {output}")


def _compared(
    layout: "Layout", models: list[str], with_: str | None, experiments: list[str]
) -> "Compared":
    """What was asked for.

    Raises:
        UserError: nothing was asked for, or both.
    """
    from severe_bench.core.errors import UserError
    from severe_bench.report.comparing import against_published, two_models

    if with_ not in (None, "published"):
        raise UserError(f"cannot compare with {with_!r}", "--with", "the only choice is published")
    if (with_ is None) == (not models):
        raise UserError("say what to compare with", mend="pass --with published, or two models")
    if with_ == "published":
        return against_published(layout, experiments)
    return two_models(layout, models, experiments)


def _write(found: "Compared", folder: Path) -> None:
    from severe_bench.report.files import write_tables

    write_tables(folder, found.tables)
