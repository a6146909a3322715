"""`severe layers`."""

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


def layers(
    suite: Suite = None,
    config: Config = None,
    results: Results = RESULTS,
    experiment: OneExperiment = None,
    models: Models = None,
    videos: Annotated[int, typer.Option(min=4, help="Test videos, evenly spaced.")] = 200,
    biased: Annotated[
        bool, typer.Option("--biased", help="The original, biased estimator, as in print.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """How alike the networks are stage by stage: linear CKA of all stages of all models."""
    from rich.console import Console

    from severe_bench.cli.looking import layer_features
    from severe_bench.cli.opening import filters_of, open_suite
    from severe_bench.report.layers import compared_layers
    from severe_bench.report.terminal import plain_tables

    names = [experiment] if experiment else None
    opened = open_suite(suite, config, results, filters_of(models, names, None))
    features = layer_features(opened, videos)
    folder = opened.layout.report.parent / "layers"
    found = compared_layers(folder, features, "biased" if biased else "debiased")
    if as_json:
        typer.echo(found.json())
        return
    Console(highlight=False).print(*plain_tables(found.tables, 80), sep="\n")
    typer.echo(f"figure: {folder / 'layers.svg'}")
