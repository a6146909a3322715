"""From a results folder to the report's folder."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from severe_bench import __version__
from severe_bench.analysis.findings import Estimator, find
from severe_bench.analysis.reading import ResultsReader, harvest
from severe_bench.config.claims import Claim
from severe_bench.core.atomic import write_text
from severe_bench.plan.cell import Cell
from severe_bench.report.files import file_stem, forget_others, write_tables
from severe_bench.report.page import PAGE, Page, Section, render
from severe_bench.report.sections import sections
from severe_bench.report.writers import to_csv
from severe_bench.store.layout import Layout


def build_report(
    results: Path,
    suite: str,
    claims: Iterable[Claim] = (),
    planned: Sequence[Cell] | None = None,
    estimator: Estimator = "debiased",
) -> Path:
    """Write `<results>/<suite>/report/` and return its `index.html`.

    Beside the page lie `tables/<name>.csv|md|tex` and `figures/<name>.svg|csv`; those of an earlier
    report that this one has not are removed.

    Args:
        results: the results folder.
        suite: name of the suite.
        claims: what the suite was expected to show, judged on the page.
        planned: the suite's cells as planned now; without them the page shows whatever the folder
            holds, and cannot know what is missing.
        estimator: of CKA.

    Raises:
        UserError: the results cannot be read, or the report cannot be written.
    """
    layout = Layout(results, suite)
    findings = find(harvest(layout, planned), ResultsReader(layout), claims, estimator)
    found = sections(findings)
    written = [path for section in found for path in write_files(layout.report, section)]
    forget_others(layout.report, written)
    made = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    page = layout.report / PAGE
    write_text(page, render(Page(suite, made, __version__, found)))
    return page


def write_files(folder: Path, section: Section) -> list[Path]:
    """Tables and figures of a section as files below `folder`; what a figure shows is a table."""
    shown = (figure.data for figure in section.figures)
    written = write_tables(folder / "tables", (*section.tables, *section.folded, *shown))
    for figure in section.figures:
        stem = folder / "figures" / file_stem(figure.name)
        for path, text in (
            (stem.with_name(f"{stem.name}.svg"), figure.svg),
            (stem.with_name(f"{stem.name}.csv"), to_csv(figure.data)),
        ):
            write_text(path, text)
            written.append(path)
    return written
