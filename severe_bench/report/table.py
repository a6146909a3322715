"""A table before it is written anywhere: typed entries that know how they are shown."""

import math
from dataclasses import dataclass, replace
from typing import Literal

Value = str | float | int | None
Mark = Literal["", "best", "missing", "good", "bad", "unsure"]
MISSING = "–"


@dataclass(frozen=True)
class Entry:
    """One cell of a table.

    Args:
        value: what sorting and CSV see; None is missing and stays empty in CSV.
        text: what a reader sees.
        detail: a second, smaller line, e.g. an interval.
        mark: what the entry means beyond its number; never shown by colour alone.
        shade: place among the entries of its column, from -1 (worst, red) to 1 (best, blue); None
            for no colour.
    """

    value: Value
    text: str
    detail: str = ""
    mark: Mark = ""
    shade: float | None = None

    def shaded(self, shade: float) -> "Entry":
        """With a colour behind it."""
        return replace(self, shade=shade)


@dataclass(frozen=True)
class Head:
    """A column: `key` in CSV, `title` for readers; numbers are right-aligned."""

    key: str
    title: str
    numeric: bool = False


@dataclass(frozen=True)
class Table:
    """A named table.

    Args:
        name: the stem of its files.
        caption: how the numbers were made.
        detail: what the second line of an entry is; such lines are for the page only.
    """

    name: str
    title: str
    caption: str
    heads: tuple[Head, ...]
    rows: tuple[tuple[Entry, ...], ...]
    detail: str = ""

    @property
    def shown(self) -> "Table":
        """For readers: without columns in which no row says anything; CSV keeps them."""
        kept = [i for i in range(len(self.heads)) if any(row[i].text for row in self.rows)]
        if not self.rows or len(kept) == len(self.heads):
            return self
        rows = tuple(tuple(row[i] for i in kept) for row in self.rows)
        return replace(self, heads=tuple(self.heads[i] for i in kept), rows=rows)


def words(text: str, mark: Mark = "") -> Entry:
    """Text as it is, whatever it spells: `None`, `NA`, `<b>`."""
    return Entry(text, text, mark=mark)


def number(value: float | None, digits: int = 1, detail: str = "", mark: Mark = "") -> Entry:
    """A number with so many digits; what is not known or has no end is missing."""
    if value is None or not math.isfinite(value):
        return Entry(None, MISSING, mark="missing")
    return Entry(value, fixed(value, digits), detail, mark)


def probability(value: float | None, digits: int = 4) -> Entry:
    """A p-value; one that would be shown as zero is shown as less than the last digit.

    Example:
        >>> probability(0.25).text, probability(1e-9).text, probability(0.00004, 3).text
        ('0.2500', '<0.0001', '<0.001')
    """
    entry = number(value, digits)
    if value is None or not value < 0.5 * 10.0**-digits:
        return entry
    return replace(entry, text=f"<{10.0**-digits:.{digits}f}")


def fixed(value: float, digits: int = 1) -> str:
    """Fixed digits with a true minus sign and no minus zero.

    Example:
        >>> fixed(-0.04), fixed(-1.25), fixed(12.0)
        ('0.0', '−1.2', '12.0')
    """
    text = f"{value:.{digits}f}"
    if not text.startswith("-"):
        return text
    return f"−{text[1:]}" if float(text) else text[1:]


def signed(value: float, digits: int = 1) -> str:
    """As `fixed`, with a plus sign before positive numbers."""
    text = fixed(value, digits)
    return text if text.startswith("−") or float(text) == 0 else f"+{text}"


def span(low: float, high: float, digits: int = 1) -> str:
    """An interval.

    Example:
        >>> span(-1.0, 2.5)
        '[−1.0, 2.5]'
    """
    return f"[{fixed(low, digits)}, {fixed(high, digits)}]"
