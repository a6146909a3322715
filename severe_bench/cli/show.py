"""`severe show`."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from severe_bench.cli.options import RESULTS, AsJson, Config, Results

HEX = re.compile("[0-9a-f]+")


def show(
    what: Annotated[
        str, typer.Argument(help="Name of an experiment, or the id of a cell or its beginning.")
    ],
    config: Config = None,
    results: Results = RESULTS,
    preset: Annotated[str | None, typer.Option(help="Of the experiment; default all.")] = None,
    model: Annotated[
        str | None, typer.Option(help="With the overrides that --suite has for this model.")
    ] = None,
    suite: Annotated[str | None, typer.Option(help="Whose overrides are applied.")] = None,
    as_json: AsJson = False,
) -> None:
    """An experiment's recipe, presets side by side; or one cell, to the command that repeats it."""
    from severe_bench.store.find import cell_folders

    of_experiments = {"--preset": preset, "--model": model, "--suite": suite}
    if HEX.fullmatch(what) and cell_folders(results.absolute(), what):
        _refuse(of_experiments)
        _show_cell(what, results, as_json=as_json)
        return
    import json

    from severe_bench.cli.recipe_page import flat, recipe_lines, settings_by_preset
    from severe_bench.config.find import find_config
    from severe_bench.config.loading import load_config

    loaded = load_config(find_config(config))
    if HEX.fullmatch(what) and what not in loaded.experiments:
        _show_cell(what, results, as_json=as_json)
        return
    found = settings_by_preset(loaded, what, preset, (model, suite))
    if as_json:
        typer.echo(json.dumps({name: flat(made) for name, made in found.items()}, indent=2))
        return
    for line in recipe_lines(loaded, what, found, model):
        typer.echo(line)


def _refuse(of_experiments: Mapping[str, str | None]) -> None:
    """Options that a cell, which has one of each, leaves no room for.

    Raises:
        UserError: naming the first that was given.
    """
    from severe_bench.core.errors import UserError

    for option, given in of_experiments.items():
        if given is not None:
            raise UserError(f"{option} is for experiments, and this is a cell", option, "drop it")


def _show_cell(cell: str, results: Path, *, as_json: bool) -> None:
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
