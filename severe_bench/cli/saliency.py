"""`severe saliency`."""

from typing import Annotated

import typer

from severe_bench.cli.options import (
    RESULTS,
    AsJson,
    Config,
    Models,
    OneExperiment,
    Results,
    Suite,
)


def saliency(
    suite: Suite = None,
    config: Config = None,
    results: Results = RESULTS,
    experiment: OneExperiment = None,
    models: Models = None,
    videos: Annotated[int, typer.Option(min=1, help="Test videos, evenly spaced.")] = 24,
    as_json: AsJson = False,
) -> None:
    """Where the pretrained networks look, without finetuning: class-agnostic activation maps.

    Where the dataset says where the moving objects are (the built-in worlds do), the share of the
    maps inside them is measured beside the share that a blind map would have.
    """
    from rich.console import Console

    from severe_bench.cli.looking import look
    from severe_bench.cli.opening import filters_of, open_suite
    from severe_bench.report.looking import write_looking
    from severe_bench.report.terminal import plain_tables

    names = [experiment] if experiment else None
    opened = open_suite(suite, config, results, filters_of(models, names, None))
    seen = look(opened, videos)
    folder = opened.layout.report.parent / "saliency"
    found = write_looking(folder, seen)
    if as_json:
        typer.echo(found.json())
        return
    Console(highlight=False).print(*plain_tables(found.tables, 80), sep="\n")
    typer.echo(f"figure: {folder / 'saliency.svg'}")
