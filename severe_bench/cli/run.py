"""`severe run`."""

from pathlib import Path
from typing import Annotated

import typer

from severe_bench.cli.options import (
    RESULTS,
    Config,
    Experiments,
    Models,
    Presets,
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
    preset: Presets = None,
    devices: Annotated[str, typer.Option(help="auto, cpu, cuda, or cuda:0,1.")] = "auto",
    retry: Annotated[
        list[str] | None,
        typer.Option(help="Try again what failed: all (failed), oom, lost, ..."),
    ] = None,
    timeout: Annotated[
        float | None, typer.Option(help="Seconds after which one cell is stopped as failed.")
    ] = None,
    executor: Annotated[str, typer.Option(help="local, or slurm: as arrays of jobs.")] = "local",
    profile: Annotated[
        Path | None, typer.Option(help="Of the cluster; default slurm/profile.yaml here.")
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="With slurm: stay until all is done.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="As `severe plan`.")] = False,
) -> None:
    """Run every cell of a suite that is not done; then its ranking and report. Safe to repeat."""
    if dry_run:
        from severe_bench.cli.plan import plan

        plan(suite, config, results, model, experiment, seed, preset, devices, executor, profile)
        return
    from severe_bench.cli.executors import check_executor
    from severe_bench.cli.opening import filters_of, open_suite

    check_executor(executor, profile, wait=wait)
    opened = open_suite(suite, config, results, filters_of(model, experiment, seed, preset))
    if executor == "slurm":
        from severe_bench.cli.cluster import order_of, run_on_slurm

        order = order_of(opened, profile, config, timeout)
        raise typer.Exit(run_on_slurm(opened, order, frozenset(retry or ()), wait=wait))
    from severe_bench.cli.running import run_opened
    from severe_bench.run.devices import lanes
    from severe_bench.run.pool import Settings
    from severe_bench.run.reproduce import Invocation

    settings = Settings(
        lanes=lanes(devices),
        retry=frozenset(retry or ()),
        timeout=timeout,
        invocation=Invocation(config=str(config or ""), environ=dict(opened.config.environ)),
    )
    raise typer.Exit(run_opened(opened, settings))
