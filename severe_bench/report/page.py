"""The page: sections of words, figures and tables, rendered into one self-contained file."""

from collections.abc import Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from severe_bench.report.figures.drawn import Drawn
from severe_bench.report.files import file_stem
from severe_bench.report.style import inline_svg
from severe_bench.report.table import Table

PAGE = "index.html"
MOST_ROWS = 300
"""Longer tables are cut on the page; their files hold every row."""


@dataclass(frozen=True)
class Part:
    """A titled piece of a section: a paragraph, points, and a closing sentence."""

    title: str
    lead: str
    points: Sequence[str] = ()
    close: str = ""


@dataclass(frozen=True)
class Section:
    """One anchor of the page.

    Args:
        anchor: id in the page.
        nav: a shorter title for the list of sections; empty for the title itself.
        paragraphs: sentences; the first ones matter most.
        figures, tables: shown in this order.
        folded: tables behind a disclosure, for looking things up.
        points: a bulleted list after the paragraphs.
        parts: shown last, before the folded tables.
    """

    anchor: str
    title: str
    paragraphs: Sequence[str] = ()
    figures: Sequence[Drawn] = ()
    tables: Sequence[Table] = ()
    folded: Sequence[Table] = ()
    points: Sequence[str] = ()
    parts: Sequence[Part] = ()
    nav: str = ""


@dataclass(frozen=True)
class Page:
    """What the template shows."""

    suite: str
    made: str
    version: str
    sections: Sequence[Section]


def render(page: Page) -> str:
    """The page as HTML; every text is escaped, nothing is loaded from anywhere."""
    environment = Environment(
        loader=PackageLoader("severe_bench.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals |= {
        "svg": _svg,
        "most_rows": MOST_ROWS,
        "stem": file_stem,
        "shade": shade_class,
    }
    return environment.get_template("page.html.j2").render(page=page)


def _svg(figure: Drawn) -> Markup:
    return inline_svg(figure.svg, figure.alternative)


def shade_class(shade: float) -> str:
    """The style class of an entry's colour: `red4` to `red1`, `even`, `blue1` to `blue4`.

    Example:
        >>> shade_class(-1.0), shade_class(0.1), shade_class(0.6)
        ('red4', 'even', 'blue2')
    """
    step = round(shade * 4)
    return "even" if step == 0 else f"{'blue' if step > 0 else 'red'}{abs(step)}"
