"""`severe attributes`."""

from typing import Annotated

import typer

from severe_bench.cli.options import RESULTS, AsJson, Config, Results, Suite


def attributes(
    suite: Suite = None,
    config: Config = None,
    results: Results = RESULTS,
    source: Annotated[
        str | None,
        typer.Option(help="The pretraining set that all are compared with, by its name."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What the datasets of a suite are like beside the pretraining set: radar plots and a table.

    Label overlap, action length and sizes come from the annotations, number of frames needed
    (temporal awareness) from experiments that differ in frames per clip alone; point of view and
    environment are known for the datasets of the SEVERE study.
    """
    from rich.console import Console

    from severe_bench.cli.opening import open_suite
    from severe_bench.cli.radars import described
    from severe_bench.report.radars import write_attributes
    from severe_bench.report.terminal import plain_tables

    opened = open_suite(suite, config, results)
    folder = opened.layout.report.parent / "attributes"
    found = write_attributes(folder, *described(opened, source))
    if as_json:
        typer.echo(found.json())
        return
    Console(highlight=False).print(*plain_tables(found.tables, 80), *found.notes, sep="\n")
    typer.echo(f"figure: {folder / 'attributes.svg'}")
