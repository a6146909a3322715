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
Seeds = Annotated[list[str] | None, typer.Option("--seed", help="Only these seeds; globs.")]
Presets = Annotated[list[str] | None, typer.Option("--preset", help="Only these presets; globs.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")]

RESULTS = Path("results")
