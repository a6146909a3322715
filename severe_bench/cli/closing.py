"""What ends a run: the table of all results, the report, and the ranking on the terminal."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from severe_bench import __version__
from severe_bench.cli.opening import Opened
from severe_bench.config.claims import Claim
from severe_bench.core.atomic import write_text
from severe_bench.core.digest import digest_of
from severe_bench.core.errors import UserError
from severe_bench.store.layout import FAILURE, RESULT
from severe_bench.store.states import states

if TYPE_CHECKING:
    from severe_bench.analysis.findings import Estimator

STAMP = ".made-from"


def write_report(opened: Opened, estimator: "Estimator" = "debiased") -> Path:
    """Write the suite's report and return its page."""
    from severe_bench.report.build import build_report

    layout = opened.layout
    stamp = report_stamp(opened, estimator)
    cells = opened.whole.cells
    page = build_report(layout.results, layout.suite, _claims(opened), cells, estimator)
    write_text(layout.report / STAMP, stamp)
    return page


def refuse_empty(opened: Opened) -> None:
    """A page about nothing would only replace a good one.

    Raises:
        UserError: no cell of the plan has ended in this results folder.
    """
    layout = opened.layout
    ended = {"done", "failed"}
    if not ended & set(states(layout, opened.whole.cells).values()):
        what = f"no cell of suite {layout.suite}, as it is configured now, has a result"
        mend = f"severe run {layout.suite}, or set --results and the variables of the earlier run"
        raise UserError(what, str(layout.results), mend)


def current_report(opened: Opened) -> Path | None:
    """The page, if it would say the same if made again; so that a second run ends at once.

    Made again without options, that is: by the debiased estimator of CKA.
    """
    from severe_bench.report.page import PAGE

    page = opened.layout.report / PAGE
    try:
        made_from = (opened.layout.report / STAMP).read_text()
    except OSError:
        return None
    fresh = made_from == report_stamp(opened, "debiased")
    return page if fresh and page.exists() else None


def show_ranking(opened: Opened) -> None:
    """Print the ranking of the models."""
    from rich.console import Console

    from severe_bench.analysis.reading import harvest
    from severe_bench.report.terminal import ranking_table

    Console(highlight=False).print(ranking_table(harvest(opened.layout, opened.whole.cells)))


def report_stamp(opened: Opened, estimator: "Estimator") -> str:
    """Digest over all that a report is made from: results, failures, names, claims, this version.

    The estimator of CKA is among it.

    Names and claims are no part of a cell's id, hence not of its result either.
    """
    cells = [
        [
            cell.id,
            cell.title,
            cell.problem,
            cell.label and cell.label.model_dump(),
            *_written(folder),
        ]
        for cell in opened.whole.cells
        for folder in [opened.layout.folder(cell)]
    ]
    claims = [claim.model_dump() for claim in _claims(opened)]
    return digest_of([__version__, estimator, claims, cells])


def _claims(opened: Opened) -> tuple[Claim, ...]:
    return opened.config.suite(opened.layout.suite).claims


def _written(folder: Path) -> Iterator[int]:
    """When a cell's result and failure were written; 0 where there is none."""
    for name in (RESULT, FAILURE):
        try:
            yield (folder / name).stat().st_mtime_ns
        except OSError:
            yield 0
