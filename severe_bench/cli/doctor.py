"""`severe doctor`."""

import typer

from severe_bench.cli.options import RESULTS, AsJson, Results

MARKS = {"ok": "[green]ok[/]", "note": "[yellow]note[/]", "problem": "[bold red]problem[/]"}


def doctor(results: Results = RESULTS, as_json: AsJson = False) -> None:
    """What this machine can do, and the mending command for each problem."""
    import json

    from rich.console import Console
    from rich.markup import escape

    from severe_bench.doctor.examine import examine

    findings = []
    console = Console(quiet=as_json, highlight=False)
    for finding in examine(results):
        findings.append(finding)
        console.print(
            f"{MARKS[finding.verdict]:>8} {finding.check}: {escape(finding.seen)}", soft_wrap=True
        )
        if finding.mend:
            console.print(f"         [dim]{escape(finding.mend)}[/]", soft_wrap=True)
    if as_json:
        typer.echo(json.dumps([finding.model_dump() for finding in findings], indent=2))
    raise typer.Exit(2 if any(f.verdict == "problem" for f in findings) else 0)
