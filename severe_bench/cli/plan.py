"""`severe plan`."""

from pathlib import Path
from typing import Annotated

import typer

from severe_bench.cli.options import (
    RESULTS,
    AsJson,
    Config,
    Experiments,
    Models,
    Presets,
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
    preset: Presets = None,
    devices: Annotated[str, typer.Option(help="As in `severe run`; for the wall time.")] = "auto",
    executor: Annotated[str, typer.Option(help="slurm: show what would be submitted.")] = "local",
    profile: Annotated[
        Path | None, typer.Option(help="Of the cluster; default slurm/profile.yaml here.")
    ] = None,
    cells: Annotated[bool, typer.Option("--cells", help="A line for every cell.")] = False,
    as_json: AsJson = False,
) -> None:
    """What would run, what it needs, what is missing and what the rest will cost; runs nothing."""
    import json
    import shutil
    import sys

    from severe_bench.cli.executors import check_executor
    from severe_bench.cli.opening import filters_of, open_suite
    from severe_bench.cli.outlook import outlook
    from severe_bench.plan.view import plan_json

    check_executor(executor, profile, wait=False)
    opened = open_suite(suite, config, results, filters_of(model, experiment, seed, preset))
    if executor == "slurm":
        from severe_bench.cli.cluster import order_of, slurm_plan_lines

        for line in slurm_plan_lines(opened, order_of(opened, profile, config, None)):
            typer.echo(line)
        return
    seen = outlook(opened, devices)
    view = plan_json(opened.plan, seen.states, seen.estimate, seen.reasons)
    if as_json:
        typer.echo(json.dumps(view, indent=1))
        return
    from severe_bench.cli.listing import plan_lines
    from severe_bench.cli.plan_summary import summary_lines

    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    short = summary_lines(opened.plan.suite, seen.summary, view, width)
    for line in plan_lines(view) if cells else short:
        typer.echo(line)
