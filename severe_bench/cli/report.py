"""`severe report`."""

import typer

from severe_bench.cli.options import RESULTS, Config, Results, Suite


def report(suite: Suite = None, config: Config = None, results: Results = RESULTS) -> None:
    """Write the report of a suite: page, tables, figures; and print its ranking."""
    from severe_bench.cli.closing import show_ranking, write_report
    from severe_bench.cli.opening import open_suite

    opened = open_suite(suite, config, results)
    page = write_report(opened)
    show_ranking(opened)
    typer.echo(f"report: {page}")
