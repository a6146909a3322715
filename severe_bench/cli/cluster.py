"""`severe run --executor slurm`, `severe watch`, `severe cancel`: what they say."""

import shlex
from collections.abc import Iterator
from pathlib import Path

import typer

from severe_bench.cli.opening import Opened
from severe_bench.cli.options import RESULTS
from severe_bench.cli.running import conclude, refuse_hopeless
from severe_bench.core.units import seconds_text
from severe_bench.run.cluster import slurm_commands
from severe_bench.run.cluster.cancelling import cancel_jobs
from severe_bench.run.cluster.looking import told_on_the_way
from severe_bench.run.cluster.profile import find_profile
from severe_bench.run.cluster.run import Dispatched, dispatch, plan_waves
from severe_bench.run.cluster.sbatch import NoRoomError, require_sbatch
from severe_bench.run.cluster.sharing import Wave
from severe_bench.run.cluster.submit import Order, chunks, script
from severe_bench.run.cluster.waiting import run_to_end
from severe_bench.run.events import Event, Note
from severe_bench.run.reproduce import Invocation
from severe_bench.run.survey import Survey, survey
from severe_bench.store.table import table_of, write_table


def order_of(
    opened: Opened, profile: Path | None, config: Path | None, timeout: float | None
) -> Order:
    """What is submitted beside the cells."""
    invocation = Invocation(config=str(config or ""), environ=dict(opened.config.environ))
    return Order(opened.layout, find_profile(profile), invocation, timeout)


def run_on_slurm(opened: Opened, order: Order, retry: frozenset[str], *, wait: bool) -> int:
    """Submit and, where asked for, wait and report; return the exit code."""
    refuse_hopeless(opened)
    cells, whole = opened.plan.cells, opened.whole.cells
    if wait:
        outcome = run_to_end(order, cells, retry, _say)
        write_table(opened.layout.table, table_of(opened.layout, whole))
        return conclude(opened, outcome)
    done = dispatch(order, cells, retry, _say)
    write_table(opened.layout.table, table_of(opened.layout, whole))
    for line in dispatched_lines(done, place_of(order)):
        typer.echo(line)
    return 0 if not done.submitted.left else 1


def place_of(order: Order) -> str:
    """Suite and options, as other commands need them on their lines."""
    config, results = order.invocation.config, order.layout.results
    words = [order.layout.suite, *(["--config", config] if config else [])]
    if results != RESULTS.absolute():
        words += ["--results", str(results)]
    return shlex.join(words)


def dispatched_lines(done: Dispatched, place: str) -> Iterator[str]:
    """What was submitted, what was not, and how to go on.

    Args:
        done: how submitting ended.
        place: see `place_of`.
    """
    found = done.survey
    yield f"{len(found.done)} cell(s) found done, {len(done.on_the_way)} on their way"
    for array in done.submitted.made:
        cells = sum(len(task) for task in array.cells)
        yield f"job {array.job}: {cells} cell(s) in {len(array.cells)} task(s); logs {array.logs}"
    refusal, left = done.submitted.refusal, len(done.submitted.left)
    if isinstance(refusal, NoRoomError):
        yield f"{left} cell(s) found no room: {refusal.what}"
        yield "run the same command again when some are done, or with --wait"
    elif refusal is not None:
        yield f"{left} cell(s) were not submitted: {refusal}"
    yield from _impossible(found, place)
    for cell, message in found.failed.items():
        yield f"FAILED {cell}: {message}"
    if done.submitted.made or done.on_the_way:
        yield f"watch them with: severe watch {place}"
    else:
        yield "nothing to submit"


def slurm_plan_lines(opened: Opened, order: Order) -> Iterator[str]:
    """The arrays that a run would submit, with the text that sbatch would get."""
    require_sbatch(order.layout.results)
    found = survey(order.layout, opened.plan.cells, (), _say)
    queue = told_on_the_way(order.layout, _say)
    todo = [cell for cell in found.to_run if cell.id not in queue.makers]
    limit = slurm_commands.limits().array
    planned = plan_waves(order.profile, todo, found)
    arrays = [array for wave in planned for array in chunks(wave, limit)]
    for number, array in enumerate(arrays):
        yield from _array_lines(number, array, order)
    yield from _impossible(found, place_of(order))
    if not planned:
        yield "nothing to submit"


def _impossible(found: Survey, place: str) -> Iterator[str]:
    if found.impossible:
        yield f"{len(found.impossible)} cell(s) cannot run here: `severe plan {place}` says why"


def _array_lines(number: int, wave: Wave, order: Order) -> Iterator[str]:
    seconds = sum(share.seconds for share in wave.shares)
    limit = wave.minutes(order.profile.signal_seconds)
    after = f", after those of level {wave.level - 1}" if wave.level else ""
    yield (
        f"array {number}: {len(wave.cells)} cell(s) in {len(wave.shares)} task(s) of at most"
        f" {limit} min, {seconds_text(seconds)} expected in all{after}"
    )
    for line in script(order, wave).splitlines():
        yield f"    {line}"


def cancelled(opened: Opened) -> list[str]:
    """Cancel a suite's jobs and return them."""
    return cancel_jobs(opened.layout, _say)


def _say(event: Event) -> None:
    if isinstance(event, Note):
        typer.echo(event.text, err=True)
