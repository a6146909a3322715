"""`severe compare`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from severe_bench.cli.options import AsJson, Config, Experiments

if TYPE_CHECKING:
    from severe_bench.plan.cell import Cell
    from severe_bench.report.comparing import Compared
    from severe_bench.store.layout import Layout


def compare(
    results: Annotated[
        Path, typer.Argument(help="A results folder, or the folder of one suite in it.")
    ],
    models: Annotated[
        list[str] | None, typer.Argument(help="Two models to compare with each other.")
    ] = None,
    with_: Annotated[
        str | None, typer.Option("--with", help="`published`: rank among the printed rows.")
    ] = None,
    suite: Annotated[
        str | None, typer.Option(help="Which suite, where the folder holds several.")
    ] = None,
    config: Config = None,
    experiments: Experiments = None,
    as_json: AsJson = False,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write the tables (CSV, Markdown, LaTeX) here."),
    ] = None,
) -> None:
    """Your models beside the published ones, or two of them with each other.

    `severe compare RESULTS --with published` puts every measured model into the SEVERE table;
    `severe compare RESULTS MODEL MODEL` tests the difference of two, experiment by experiment.
    Cells count that are in the suite's plan; without one, those of one setting each.
    """
    from rich.console import Console

    from severe_bench.report.comparing import suite_of

    _require_one(models or [], with_)
    layout = suite_of(results.absolute(), suite)
    planned = plan_of(layout, config)
    found = _compared(layout, planned, models or [], with_, experiments or [])
    if output is not None:
        _write(found, output)
    if as_json:
        typer.echo(found.json())
        return
    console = Console(highlight=False)
    console.print(found.shown(console.width))
    if output is not None:
        typer.echo(f"tables: {output}")


def _require_one(models: list[str], with_: str | None) -> None:
    """Refuse what is not one comparison.

    Raises:
        UserError: nothing was asked for, or two things.
    """
    from severe_bench.core.errors import UserError

    if with_ not in (None, "published"):
        raise UserError(f"cannot compare with {with_!r}", "--with", "the only choice is published")
    if with_ is not None and models:
        raise UserError("two comparisons at once", mend="pass --with published, or two models")
    if with_ is None and not models:
        raise UserError("say what to compare with", mend="pass --with published, or two models")
    if len(models) == 2 and models[0] == models[1]:
        raise UserError(f"{models[0]} compared with itself", mend="name two models")
    if len(models) not in (0, 2):
        what = f"two models are compared, not {len(models)}"
        raise UserError(what, mend="name two, or pass --with published")


def plan_of(layout: "Layout", config: Path | None) -> "tuple[Cell, ...] | None":
    """The suite's cells as planned now.

    Args:
        layout: of the suite.
        config: a file that must have the suite; None: the file that every command takes, which
            counts if it has the suite and any of the results.

    Raises:
        UserError: the file given cannot be read or planned.
    """
    from severe_bench.core.errors import UserError

    if config is not None:
        return _planned(layout, config)
    try:
        cells = _planned_by_default(layout)
    except UserError as error:
        typer.echo(f"compared without a plan, give one with -c FILE: {error}", err=True)
        return None
    return cells if _any_done(layout, cells) else None


def _planned(layout: "Layout", config: Path | None) -> "tuple[Cell, ...]":
    from severe_bench.cli.opening import open_suite

    return tuple(open_suite(layout.suite, config, layout.results).whole.cells)


def _planned_by_default(layout: "Layout") -> "tuple[Cell, ...]":
    from severe_bench.config.find import find_config
    from severe_bench.config.loading import load_config

    known = load_config(find_config(None)).suites
    return _planned(layout, None) if layout.suite in known else ()


def _any_done(layout: "Layout", cells: "tuple[Cell, ...]") -> bool:
    from severe_bench.store.layout import RESULT

    return any(cell.label and (layout.folder(cell) / RESULT).exists() for cell in cells)


def _compared(
    layout: "Layout",
    planned: "tuple[Cell, ...] | None",
    models: list[str],
    with_: str | None,
    experiments: list[str],
) -> "Compared":
    """What was asked for."""
    from severe_bench.report.comparing import against_published, two_models

    if with_ == "published":
        return against_published(layout, experiments, planned)
    return two_models(layout, models, experiments, planned)


def _write(found: "Compared", folder: Path) -> None:
    from severe_bench.report.files import write_tables

    write_tables(folder, found.tables)
