"""`severe run`."""

from typing import Annotated

import typer

from severe_bench.cli.options import (
    RESULTS,
    Config,
    Experiments,
    Models,
    Results,
    Seeds,
    Suite,
)


def run(
    suite: Suite = None,
    config: Config = None,
    results: Results = RESULTS,
    model: Models = None,
    experiment: Experiments = None,
    seed: Seeds = None,
    devices: Annotated[str, typer.Option(help="auto, cpu, cuda, or cuda:0,1.")] = "auto",
    retry: Annotated[
        list[str] | None, typer.Option(help="Try failed cells again: `failed`, or one class.")
    ] = None,
    timeout: Annotated[
        float | None, typer.Option(help="Seconds after which one cell is stopped as failed.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="As `severe plan`.")] = False,
) -> None:
    """Run every cell of a suite that is not done; then its ranking and report. Safe to repeat."""
    if dry_run:
        from severe_bench.cli.plan import plan

        plan(suite, config, results, model, experiment, seed, devices)
        return
    from severe_bench.cli.opening import filters_of, open_suite
    from severe_bench.cli.running import run_opened
    from severe_bench.run.devices import lanes
    from severe_bench.run.pool import Settings
    from severe_bench.run.reproduce import Invocation

    opened = open_suite(suite, config, results, filters_of(model, experiment, seed))
    settings = Settings(
        lanes=lanes(devices),
        retry=frozenset(retry or ()),
        timeout=timeout,
        invocation=Invocation(config=str(config or ""), environ=dict(opened.config.environ)),
    )
    raise typer.Exit(run_opened(opened, settings))
