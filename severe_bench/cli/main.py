"""`severe`: the commands, and what happens when something goes wrong.

Every command's module imports what it needs inside the command, so `severe --help` stays quick.
"""

import os
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from severe_bench import __version__
from severe_bench.cli import (
    attributes,
    compare,
    data,
    doctor,
    export,
    layers,
    models,
    plan,
    published,
    report,
    run,
    saliency,
    show,
    status,
    watch,
)
from severe_bench.cli.streams import prepare_streams
from severe_bench.core.atomic import of_the_disk
from severe_bench.core.errors import Interrupted, UserError

EXIT_USER = 2
EXIT_BUG = 70  # EX_SOFTWARE of sysexits.h
EXIT_INTERRUPTED = 130
FAULT_LOG = "severe-error.log"

app = typer.Typer(
    name="severe",
    help="How well does a pretrained video model generalise? Plan, run and report SEVERE grids.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"severe_bench {__version__}")
        raise typer.Exit


@app.callback()
def _before_any_command(
    version: Annotated[
        bool,
        typer.Option(
            "--version", is_eager=True, callback=_print_version, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    """Options that stand before any command."""


app.command("run")(run.run)
app.command("plan")(plan.plan)
app.command("status")(status.status)
app.command("watch")(watch.watch)
app.command("cancel")(watch.cancel)
app.command("show")(show.show)
app.command("report")(report.report)
app.command("compare")(compare.compare)
app.command("attributes")(attributes.attributes)
app.command("layers")(layers.layers)
app.command("saliency")(saliency.saliency)
app.command("export")(export.export)
app.command("doctor")(doctor.doctor)
app.add_typer(data.data, name="data")
app.add_typer(models.models, name="models")
app.add_typer(published.app, name="published")


def main() -> None:
    """Run one command.

    Exit codes: 0 all well, 1 some cells failed or cannot run, 2 the user must mend
    something, 130 interrupted.
    """
    prepare_streams()
    try:
        app()
    except SystemExit as end:
        sys.exit(_code_of(end))
    except UserError as error:
        typer.echo(f"severe: {error}", err=True)
        sys.exit(EXIT_USER)
    except (KeyboardInterrupt, Interrupted):
        sys.exit(_stopped())
    except BrokenPipeError:
        sys.exit(_unread())
    except Exception as error:
        mendable = of_the_disk(error)
        if mendable is not None:
            typer.echo(f"severe: {mendable}", err=True)
            sys.exit(EXIT_USER)
        typer.echo(f"severe: {_one_line(error)}; the traceback is in {_keep_traceback()}", err=True)
        sys.exit(EXIT_BUG)


def _code_of(end: SystemExit) -> int:
    """The exit code that a command meant; Typer has its own for what it hides."""
    hidden: BaseException | None = end
    while hidden is not None:
        if isinstance(hidden, KeyboardInterrupt):
            return _stopped()
        if isinstance(hidden, BrokenPipeError):
            return _unread()
        hidden = hidden.__cause__ or hidden.__context__
    return end.code if isinstance(end.code, int) else int(end.code is not None)


def _stopped() -> int:
    typer.echo("severe: stopped; the same command goes on where it stopped", err=True)
    return EXIT_INTERRUPTED


def _unread() -> int:
    """The reader (`head`, `less`) went away: not an error, but nothing more can be printed."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return 0


def _one_line(error: Exception) -> str:
    return f"a fault of ours, {type(error).__name__}: {error}".replace("\n", " ")


def _keep_traceback() -> Path:
    """Append the current traceback to a log in the working folder, else in the home folder."""
    text = f"{datetime.now(UTC).isoformat()} {sys.argv}\n{traceback.format_exc()}\n"
    for folder in (Path.cwd(), Path.home()):
        if os.access(folder, os.W_OK):
            log = folder / FAULT_LOG
            with log.open("a") as stream:
                stream.write(text)
            return log
    typer.echo(text, err=True)
    return Path("the lines above")


if __name__ == "__main__":
    main()
