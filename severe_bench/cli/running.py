"""Running an opened suite with a display, and what is said at the end."""

import typer

from severe_bench.cli.closing import current_report, show_ranking, write_report
from severe_bench.cli.listing import grouped, grouped_reasons
from severe_bench.cli.opening import Opened
from severe_bench.core.errors import UserError
from severe_bench.run.local import RunOutcome, run_cells
from severe_bench.run.pool import Settings
from severe_bench.run.progress import display
from severe_bench.store.demand import impossible
from severe_bench.store.states import states


def run_opened(opened: Opened, settings: Settings) -> int:
    """Run, report, and return the exit code.

    Raises:
        UserError: no cell of the suite can run.
    """
    refuse_hopeless(opened)
    whole = opened.whole.cells
    with display(opened.layout.suite) as observe:
        outcome = run_cells(opened.layout, opened.plan.cells, settings, observe, whole)
    return conclude(opened, outcome)


def conclude(opened: Opened, outcome: RunOutcome) -> int:
    """Say how a run ended, write the report if anything has changed, return the exit code."""
    _say(opened, outcome)
    if outcome.interrupted:
        typer.echo("stopped; the same command goes on from where each cell is", err=True)
        return outcome.exit_code
    page = current_report(opened)
    if page is None:
        typer.echo("writing the report", err=True)
        page = write_report(opened)
    show_ranking(opened)
    typer.echo(f"results: {opened.layout.table}")
    typer.echo(f"report:  {page}")
    return outcome.exit_code


def refuse_hopeless(opened: Opened) -> None:
    """Refuse a suite of which nothing can be measured here.

    Raises:
        UserError: no cell of the suite can run.
    """
    cells = opened.plan.cells
    measured = [cell.id for cell in cells if cell.label]
    if not measured or not any(cell.problem for cell in cells):
        return
    known = states(opened.layout, cells)
    hindered = impossible(cells, {cell for cell, state in known.items() if state == "done"})
    if all(cell in hindered for cell in measured):
        reason = next(grouped(hindered[cell] for cell in measured))[0]
        what = f"no cell of suite {opened.layout.suite} can run: {reason}"
        raise UserError(what, mend="`severe plan` lists every cell's reason")


def _say(opened: Opened, outcome: RunOutcome) -> None:
    titles = {cell.id: cell.title for cell in opened.plan.cells}
    for found in outcome.quarantined:
        typer.echo(f"set aside: {found}", err=True)
    for cell, message in outcome.failed.items():
        why = "" if cell in outcome.told else f": {message}"
        typer.echo(f"FAILED {cell} {titles.get(cell, '')}{why}", err=True)
    if outcome.failed:
        typer.echo("`severe show CELL` has the traceback; `--retry failed` tries again", err=True)
    if outcome.blocked:
        typer.echo(f"{len(outcome.blocked)} cell(s) wait for a failed one", err=True)
    if outcome.left and not outcome.interrupted:
        typer.echo(f"{len(outcome.left)} cell(s) were not brought to an end", err=True)
    for line in grouped_reasons(outcome.impossible.values()):
        typer.echo(line, err=True)
    own = len(outcome.done) - len(outcome.waited)
    others = f", {len(outcome.waited)} by another run meanwhile" if outcome.waited else ""
    typer.echo(f"{len(outcome.found)} cell(s) found done, {own} done now{others}", err=True)
