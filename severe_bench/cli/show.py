"""`severe show`."""

from typing import Annotated

import typer

from severe_bench.cli.options import RESULTS, AsJson, Results


def show(
    cell: Annotated[str, typer.Argument(help="Id of a cell, or the beginning of one.")],
    results: Results = RESULTS,
    as_json: AsJson = False,
) -> None:
    """One cell: resolved configuration, metrics, provenance, and the command that reproduces it."""
    import json

    from severe_bench.store.find import find_cell

    found = find_cell(results.absolute(), cell)
    if as_json:
        typer.echo(json.dumps(found.as_json(), indent=2))
        return
    from rich.console import Console

    from severe_bench.cli.cell_page import cell_page

    console = Console(highlight=False)
    for part in cell_page(found):
        console.print(part, soft_wrap=isinstance(part, str))  # commands and paths stay whole
