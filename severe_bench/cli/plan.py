"""`severe plan`."""

from typing import Annotated

import typer

from severe_bench.cli.options import (
    RESULTS,
    AsJson,
    Config,
    Experiments,
    Models,
    Results,
    Seeds,
    Suite,
)


def plan(
    suite: Suite = None,
    config: Config = None,
    results: Results = RESULTS,
    model: Models = None,
    experiment: Experiments = None,
    seed: Seeds = None,
    devices: Annotated[str, typer.Option(help="As in `severe run`; for the wall time.")] = "auto",
    as_json: AsJson = False,
) -> None:
    """Every cell with its state and needs, and what the rest will cost; runs nothing."""
    import json

    from severe_bench.cli.opening import filters_of, open_suite
    from severe_bench.cli.outlook import outlook
    from severe_bench.plan.view import plan_json

    opened = open_suite(suite, config, results, filters_of(model, experiment, seed))
    seen = outlook(opened, devices)
    view = plan_json(opened.plan, seen.states, seen.estimate, seen.reasons)
    if as_json:
        typer.echo(json.dumps(view, indent=1))
        return
    from severe_bench.cli.listing import plan_lines

    for line in plan_lines(view):
        typer.echo(line)
