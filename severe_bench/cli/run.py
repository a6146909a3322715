"""`severe run`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from severe_bench.cli.options import (
    AUTO,
    RESULTS,
    Config,
    Devices,
    Executor,
    Experiments,
    Models,
    Presets,
    Profile,
    Results,
    Retry,
    Seeds,
    Suite,
    Timeout,
    Wait,
)

if TYPE_CHECKING:
    from severe_bench.cli.opening import Opened


def run(
    suite: Suite = None,
    config: Config = None,
    results: Results = RESULTS,
    model: Models = None,
    experiment: Experiments = None,
    seed: Seeds = None,
    preset: Presets = None,
    devices: Devices = AUTO,
    retry: Retry = None,
    timeout: Timeout = None,
    executor: Executor = "local",
    profile: Profile = None,
    wait: Wait = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="As `severe plan`.")] = False,
) -> None:
    """Run every cell of a suite that is not done; then its ranking and report. Safe to repeat."""
    from severe_bench.cli.executors import check_executor, check_seconds, refuse_on_slurm

    check_executor(executor, profile, wait=wait)
    refuse_on_slurm(executor, {"--devices": devices != AUTO})
    check_seconds("--timeout", timeout)
    if dry_run:
        from severe_bench.cli.plan import plan

        plan(suite, config, results, model, experiment, seed, preset, devices, executor, profile)
        return
    from severe_bench.cli.opening import filters_of, open_suite, short_place

    opened = open_suite(suite, config, results, filters_of(model, experiment, seed, preset))
    for line in opened.plan.warnings:
        typer.echo(short_place(line), err=True)
    failed = frozenset(retry or ())
    if executor == "slurm":
        code = _on_slurm(opened, config, profile, failed, timeout, wait=wait)
    else:
        code = _here(opened, config, devices, failed, timeout)
    raise typer.Exit(code)


def _on_slurm(
    opened: "Opened",
    config: Path | None,
    profile: Path | None,
    retry: frozenset[str],
    timeout: float | None,
    *,
    wait: bool,
) -> int:
    from severe_bench.cli.cluster import order_of, run_on_slurm

    order = order_of(opened, profile, config, timeout)
    return run_on_slurm(opened, order, retry, wait=wait)


def _here(
    opened: "Opened",
    config: Path | None,
    devices: str,
    retry: frozenset[str],
    timeout: float | None,
) -> int:
    from severe_bench.cli.running import run_opened
    from severe_bench.core.atomic import require_writable
    from severe_bench.run.devices import lanes
    from severe_bench.run.pool import Settings
    from severe_bench.run.reproduce import Invocation

    require_writable(opened.layout.results)
    invocation = Invocation(config=str(config or ""), environ=dict(opened.config.environ))
    settings = Settings(lanes=lanes(devices), retry=retry, timeout=timeout, invocation=invocation)
    return run_opened(opened, settings)
