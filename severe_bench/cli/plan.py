"""`severe plan`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from severe_bench.cli.options import (
    AUTO,
    RESULTS,
    AsJson,
    Config,
    Devices,
    Executor,
    Experiments,
    Models,
    Presets,
    Profile,
    Results,
    Seeds,
    Suite,
)

if TYPE_CHECKING:
    from severe_bench.cli.opening import Opened


def plan(
    suite: Suite = None,
    config: Config = None,
    results: Results = RESULTS,
    model: Models = None,
    experiment: Experiments = None,
    seed: Seeds = None,
    preset: Presets = None,
    devices: Devices = AUTO,
    executor: Executor = "local",
    profile: Profile = None,
    cells: Annotated[bool, typer.Option("--cells", help="A line for every cell.")] = False,
    as_json: AsJson = False,
) -> None:
    """What would run, what it needs, what is missing and what the rest will cost; runs nothing."""
    from severe_bench.cli.executors import check_executor, refuse_on_slurm
    from severe_bench.cli.opening import filters_of, open_suite

    check_executor(executor, profile, wait=False)
    here = {"--devices": devices != AUTO, "--json": as_json, "--cells": cells}
    refuse_on_slurm(executor, here)
    opened = open_suite(suite, config, results, filters_of(model, experiment, seed, preset))
    if executor == "slurm":
        lines = _for_slurm(opened, config, profile)
    else:
        lines = _for_here(opened, devices, cells=cells, as_json=as_json)
    for line in lines:
        typer.echo(line)


def _for_slurm(opened: "Opened", config: Path | None, profile: Path | None) -> Iterator[str]:
    """The arrays that would be submitted."""
    from severe_bench.cli.cluster import order_of, slurm_plan_lines
    from severe_bench.cli.opening import short_place

    yield from slurm_plan_lines(opened, order_of(opened, profile, config, None))
    yield from map(short_place, opened.plan.warnings)


def _for_here(opened: "Opened", devices: str, *, cells: bool, as_json: bool) -> Iterator[str]:
    """The plan held against the results folder: as JSON, cell by cell, or summarised."""
    import json
    import shutil
    import sys

    from severe_bench.cli.listing import plan_lines
    from severe_bench.cli.opening import short_place
    from severe_bench.cli.outlook import outlook
    from severe_bench.cli.plan_summary import summary_lines
    from severe_bench.plan.view import plan_json

    seen = outlook(opened, devices)
    view = plan_json(opened.plan, seen.states, seen.estimate, seen.reasons)
    if as_json:
        yield json.dumps(view, indent=1)
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    short = summary_lines(opened.plan.suite, seen.summary, view, width)
    yield from plan_lines(view) if cells else short
    yield from map(short_place, opened.plan.warnings)
