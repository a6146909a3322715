"""Sections that are added to the page, here or by other packages."""

from collections.abc import Callable
from types import FunctionType

from severe_bench.analysis.findings import Findings
from severe_bench.core.registry import Registry
from severe_bench.report.page import Section

Maker = Callable[[Findings], Section | None]
"""What was found about a suite -> a section; None where it has nothing to say."""

SECTIONS: Registry[Maker] = Registry(
    "section of the report", {}, group="severe_bench.sections", of=FunctionType
)


def further(findings: Findings) -> list[Section]:
    """The added sections, by name; the rest of the page does not depend on one that fails."""
    made = (_made(name, findings) for name in SECTIONS.names())
    return [section for section in made if section is not None]


def _made(name: str, findings: Findings) -> Section | None:
    try:
        return SECTIONS.get(name)(findings)
    except Exception as error:
        what = f"This section could not be made: {type(error).__name__}: {error}"
        return Section(f"added-{name}", name, [what])
