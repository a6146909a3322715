"""`severe doctor`."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from severe_bench.cli.options import RESULTS, AsJson, Config, Results

if TYPE_CHECKING:
    from severe_bench.doctor.finding import Finding

MARKS = {"ok": "[green]ok[/]", "note": "[yellow]note[/]", "problem": "[bold red]problem[/]"}


def doctor(
    results: Results = RESULTS,
    bench: Annotated[
        tuple[str, str] | None,
        typer.Option(
            metavar="DATASET MODEL",
            help="Measure instead: clips/s of decoding and of the model, and which one waits.",
        ),
    ] = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """What this machine can do, and the mending command for each problem."""
    import json

    from rich.console import Console
    from rich.markup import escape

    findings = []
    console = Console(quiet=as_json, highlight=False)
    for finding in _findings(results, bench, config):
        findings.append(finding)
        console.print(
            f"{MARKS[finding.verdict]:>8} {finding.check}: {escape(finding.seen)}", soft_wrap=True
        )
        if finding.mend:
            console.print(f"         [dim]{escape(finding.mend)}[/]", soft_wrap=True)
    if as_json:
        typer.echo(json.dumps([finding.model_dump() for finding in findings], indent=2))
    raise typer.Exit(2 if any(f.verdict == "problem" for f in findings) else 0)


def _findings(
    results: Path, bench: tuple[str, str] | None, config: Path | None
) -> Iterator["Finding"]:
    if bench is None:
        from severe_bench.cli.registries import REGISTRIES
        from severe_bench.doctor.examine import examine
        from severe_bench.models.backbone import FACTORY_GROUP

        yield from examine(results, REGISTRIES, [FACTORY_GROUP])
    else:
        from severe_bench.cli.benching import bench as measured

        yield from measured(*bench, config, results).findings
