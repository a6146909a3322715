"""`severe status`."""

import typer

from severe_bench.cli.options import RESULTS, AsJson, Config, Results, Suite


def status(
    suite: Suite = None,
    config: Config = None,
    results: Results = RESULTS,
    as_json: AsJson = False,
) -> None:
    """How far a suite is: done, running, queued, failed, still to run."""
    from severe_bench.cli.opening import open_suite
    from severe_bench.run.cluster.looking import queued_cells
    from severe_bench.store.status import status as status_of

    opened = open_suite(suite, config, results)
    found = status_of(opened.layout, opened.plan.cells, queued_cells(opened.layout))
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
        return
    from severe_bench.cli.listing import status_lines

    options = ["--config", str(config)] if config else []
    options += ["--results", str(results)] if results != RESULTS else []
    for line in status_lines(found, options):
        typer.echo(line)
