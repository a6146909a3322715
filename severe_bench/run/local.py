"""A run on this machine: look at what is there, run what is missing, write the table."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from severe_bench.plan.cell import Cell
from severe_bench.run.events import Observer
from severe_bench.run.pool import Pool, Settings
from severe_bench.run.queue import Queue
from severe_bench.run.survey import Survey, survey
from severe_bench.store.layout import Layout
from severe_bench.store.quarantine import Quarantined
from severe_bench.store.table import table_of, write_table

INTERRUPTED_CODE = 130


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended.

    Args:
        found: ids of cells that were done before.
        done: ids of cells that this run brought to an end, or waited for.
        failed: id -> class and message, of this run and earlier ones.
        blocked: id -> id of the failed cell that it needs.
        impossible: id -> reason.
        quarantined: damaged cells that were moved aside.
        interrupted: the user stopped the run.
        left: ids of cells that have not come to an end, though nobody stopped the run.
        waited: ids among `done` of cells that another run did meanwhile.
        told: ids of failed cells whose message the observer was given.
    """

    found: frozenset[str]
    done: tuple[str, ...]
    failed: dict[str, str]
    blocked: dict[str, str]
    impossible: dict[str, str]
    quarantined: tuple[Quarantined, ...]
    interrupted: bool = False
    left: tuple[str, ...] = ()
    told: frozenset[str] = frozenset()
    waited: frozenset[str] = frozenset()

    @property
    def exit_code(self) -> int:
        """0 when all is well, 1 when cells failed, cannot run or are left, 130 when interrupted."""
        if self.interrupted:
            return INTERRUPTED_CODE
        return 1 if self.failed or self.impossible or self.left else 0


def run_cells(
    layout: Layout,
    cells: Sequence[Cell],
    settings: Settings,
    observe: Observer,
    table: Sequence[Cell] | None = None,
) -> RunOutcome:
    """Run all cells of a plan that are not done; safe to repeat, and to do twice at once.

    Args:
        layout: of the suite.
        cells: in topological order.
        settings: lanes and patience.
        observe: is told what happens.
        table: the whole suite's cells, for `results.csv`, where `cells` is a selection of them.

    Raises:
        UserError: the results folder cannot be used, or workers do not start.
    """
    found = survey(layout, cells, settings.retry, observe)
    outcome = RunOutcome(
        found=found.done,
        done=(),
        failed=found.failed,
        blocked=found.blocked,
        impossible=found.impossible,
        quarantined=found.quarantined,
    )
    if found.to_run:
        outcome = _run(layout, settings, observe, found, outcome)
    write_table(layout.table, table_of(layout, cells if table is None else table))
    return outcome


def _run(
    layout: Layout, settings: Settings, observe: Observer, found: Survey, outcome: RunOutcome
) -> RunOutcome:
    queue = Queue(found.to_run, found.expect.seconds)
    pool = Pool(layout, queue, settings, found.expect, observe, len(found.done))
    pool.run()
    return replace(
        outcome,
        done=tuple(pool.endings.done),
        failed=outcome.failed | pool.endings.failed,
        blocked=outcome.blocked | pool.endings.blocked,
        interrupted=pool.interrupted,
        told=frozenset(pool.endings.failed),
        waited=frozenset(pool.endings.waited),
    )
