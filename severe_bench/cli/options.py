"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

Suite = Annotated[
    str | None,
    typer.Argument(help="Name of a suite in the configuration; the first one where not given."),
]
Config = Annotated[
    Path | None,
    typer.Option(
        "--config", "-c", help="Default: benchmarks.yaml here, else the one in the package."
    ),
]
Results = Annotated[Path, typer.Option("--results", help="Folder for everything that comes out.")]
Models = Annotated[list[str] | None, typer.Option("--model", help="Only these models; globs.")]
Experiments = Annotated[
    list[str] | None, typer.Option("--experiment", help="Only these experiments; globs.")
]
OneExperiment = Annotated[
    str | None,
    typer.Option(
        "--experiment", help="Whose dataset and models; the first of the suite where not given."
    ),
]
Seeds = Annotated[list[str] | None, typer.Option("--seed", help="Only these seeds; globs.")]
Presets = Annotated[list[str] | None, typer.Option("--preset", help="Only these presets; globs.")]
Devices = Annotated[str, typer.Option("--devices", help="auto, cpu, cuda, or cuda:0,1.")]
Executor = Annotated[str, typer.Option("--executor", help="local, or slurm: as arrays of jobs.")]
Profile = Annotated[
    Path | None,
    typer.Option("--profile", help="Of the cluster; default slurm/profile.yaml here."),
]
Retry = Annotated[
    list[str] | None,
    typer.Option("--retry", help="Try again what failed: all (failed), oom, lost, ..."),
]
Timeout = Annotated[
    float | None,
    typer.Option("--timeout", help="Seconds after which one cell is stopped as failed."),
]
Wait = Annotated[bool, typer.Option("--wait", help="With slurm: stay until all is done.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")]

RESULTS = Path("results")
AUTO = "auto"
