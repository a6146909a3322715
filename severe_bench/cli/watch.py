"""`severe watch` and `severe cancel`."""

from typing import Annotated

import typer

from severe_bench.cli.options import RESULTS, Config, Results, Suite


def watch(
    suite: Suite = None,
    config: Config = None,
    results: Results = RESULTS,
    every: Annotated[float, typer.Option(help="Seconds between two looks.")] = 5.0,
) -> None:
    """How far a suite is, again and again until it is complete; read from disk. Ctrl-C ends it."""
    import time

    from rich.live import Live
    from rich.text import Text

    from severe_bench.cli.executors import check_seconds
    from severe_bench.cli.listing import status_lines
    from severe_bench.cli.opening import open_suite
    from severe_bench.run.cluster.looking import queued_cells
    from severe_bench.store.status import status as status_of

    check_seconds("--every", every)
    opened = open_suite(suite, config, results)
    with Live(auto_refresh=False) as live:
        while True:
            queued = queued_cells(opened.layout)
            found = status_of(opened.layout, opened.plan.cells, queued)
            live.update(Text("\n".join(status_lines(found))), refresh=True)
            if found.complete:
                break
            time.sleep(every)
    if not live.console.is_terminal:
        live.console.print()  # rich ends a line in terminals only


def cancel(
    suite: Suite = None,
    config: Config = None,
    results: Results = RESULTS,
) -> None:
    """Cancel a suite's jobs on the cluster; finished cells stay, running ones save their state.

    A `severe run --wait` of the suite ends too.
    """
    from severe_bench.cli.cluster import cancelled
    from severe_bench.cli.opening import open_suite

    jobs = cancelled(open_suite(suite, config, results))
    typer.echo(f"cancelled: {', '.join(jobs)}" if jobs else "no job of this suite is in the queue")
