"""What ends a run: the table of all results, the report, and the ranking on the terminal."""

from collections.abc import Sequence
from pathlib import Path

from severe_bench.cli.opening import Opened
from severe_bench.core.digest import digest_of
from severe_bench.plan.cell import Cell
from severe_bench.store.layout import RESULT, Layout

STAMP = ".made-from"


def write_report(opened: Opened) -> Path:
    """Write the suite's report and return its page."""
    from severe_bench.report.build import build_report

    layout = opened.layout
    claims = opened.config.suite(layout.suite).claims
    stamp = results_stamp(layout, opened.whole.cells)
    page = build_report(layout.results, layout.suite, claims, opened.whole.cells)
    (layout.report / STAMP).write_text(stamp)
    return page


def current_report(opened: Opened) -> Path | None:
    """The page, if it was made from just these results; so that a second run ends at once."""
    from severe_bench.report.build import PAGE

    page = opened.layout.report / PAGE
    try:
        made_from = (opened.layout.report / STAMP).read_text()
    except OSError:
        return None
    fresh = made_from == results_stamp(opened.layout, opened.whole.cells)
    return page if fresh and page.exists() else None


def show_ranking(opened: Opened) -> None:
    """Print the ranking of the models."""
    from rich.console import Console

    from severe_bench.analysis.reading import harvest
    from severe_bench.report.terminal import ranking_table

    Console(highlight=False).print(ranking_table(harvest(opened.layout, opened.whole.cells)))


def results_stamp(layout: Layout, cells: Sequence[Cell]) -> str:
    """Digest over which results are there and when each was written."""
    return digest_of([[cell.id, _written(layout.folder(cell) / RESULT)] for cell in cells])


def _written(result: Path) -> int:
    try:
        return result.stat().st_mtime_ns
    except OSError:
        return 0
