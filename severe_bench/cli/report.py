"""`severe report`."""

from pathlib import Path
from typing import Annotated

import typer

from severe_bench.cli.options import RESULTS, Config, Results, Suite


def report(
    suite: Suite = None,
    config: Config = None,
    results: Results = RESULTS,
    published: Annotated[
        str | None,
        typer.Option(help="Report printed numbers of this source instead, e.g. severe2022."),
    ] = None,
    ranks_as_printed: Annotated[
        bool,
        typer.Option(
            "--ranks-as-printed",
            help="With --published: the printed ranks, which rank the UCF-RC error upside down.",
        ),
    ] = False,
    biased_cka: Annotated[
        bool,
        typer.Option("--biased-cka", help="CKA by the original, biased estimator, as in print."),
    ] = False,
) -> None:
    """Write the report of a suite: page, tables, figures; and print its ranking."""
    from severe_bench.core.errors import UserError

    if published is not None:
        if suite is not None or biased_cka:
            what = "printed numbers are of no suite, and have no CKA of ours"
            raise UserError(what, "--published", "leave out the suite and --biased-cka")
        _printed(published, results, ranks_as_printed=ranks_as_printed)
        return
    if ranks_as_printed:
        mend = "add --published severe2022, or leave it out"
        raise UserError("--ranks-as-printed is for printed numbers", "severe report", mend)
    from severe_bench.cli.closing import refuse_empty, show_ranking, write_report
    from severe_bench.cli.opening import open_suite

    opened = open_suite(suite, config, results)
    refuse_empty(opened)
    page = write_report(opened, "biased" if biased_cka else "debiased")
    show_ranking(opened)
    typer.echo(f"report: {page}")


def _printed(source: str, results: Path, *, ranks_as_printed: bool) -> None:
    """The report of printed numbers."""
    from severe_bench.cli.published import summary
    from severe_bench.published.report import write_published_report
    from severe_bench.report.printed import write_printed_page

    files = write_published_report(source, results)
    page = write_printed_page(source, results, ranks_as_printed)
    summary(ranks_as_printed=ranks_as_printed)
    typer.echo(f"tables: {files[0].parent}\nreport: {page}")
