"""Published tables as rich renderables that fit the terminal."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from severe_bench.published.blocks import Sheet, blocks
from severe_bench.published.differences import Difference
from severe_bench.published.read import PublishedRow, rows, tables
from severe_bench.published.sources import catalogue
from severe_bench.published.table_5_8 import EXPERIMENTS, TABLE, Line
from severe_bench.published.wide import Wide, widen

SUMMARY_HEADINGS = {
    **{found.name: found.name for found in EXPERIMENTS},
    "ucf_rc": "ucf_rc ↓",
    "mean": "Mean",
    "mean_printed": "Mean printed",
    "rank": "Rank ↓",
    "rank_printed": "Rank printed",
}


def table_list(names: Sequence[str] | None = None) -> RenderableType:
    """Tables with their titles and sizes, then the sources and collections.

    Args:
        names: full names; all tables where left out.
    """
    grid = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    grid.add_column("Table", no_wrap=True)
    grid.add_column("Title")
    grid.add_column("Cells", justify="right")
    grid.add_column("Notes", justify="right")
    for name in tables() if names is None else names:
        found = rows(name)
        notes = sum(bool(row.note) for row in found)
        grid.add_row(Text(name), Text(_title(name)), str(len(found)), str(notes or ""))
    return Group(grid, *_references())


def one_table(name: str, width: int) -> RenderableType:
    """A table as printed, in as many blocks of columns as the width asks for, with its notes.

    Args:
        name: a full name, see `severe_bench.published.read.tables`.
        width: characters of a line.

    Raises:
        UserError: there is no such table.
    """
    found = rows(name)
    marks = _marks(found)
    notes = [Text(f"[{number}] {note}") for note, number in marks.items()]
    heading = Text(f"{name}: {_title(name)}", "bold")
    return Group(heading, _origin(name), *_spaced(_sheet(widen(found), marks), width), *notes)


def summary_table(lines: Sequence[Line], found: Sequence[Difference], width: int) -> RenderableType:
    """Table 5.8 with computed means and average ranks beside the printed ones.

    Args:
        lines: see `severe_bench.published.table_5_8`.
        found: where they differ from print.
        width: characters of a line.
    """
    texts = {
        (line.model, column): text for line in lines for column, text in _summary(line).items()
    }
    sheet = Sheet("Model", tuple(line.model for line in lines), SUMMARY_HEADINGS, texts)
    heading = Text("The SEVERE benchmark, published numbers", "bold")
    rule = Text(f"Rank: {lines[0].rule}.", "bold")
    return Group(
        heading, _origin(TABLE), *_spaced(sheet, width), rule, *map(Text, _explained(found))
    )


def _spaced(sheet: Sheet, width: int) -> Iterator[RenderableType]:
    for block in blocks(sheet, width):
        yield from ("", block)
    yield ""


def _sheet(wide: Wide, marks: Mapping[str, int]) -> Sheet:
    headings = {column: _heading(wide, column) for column in wide.columns}
    texts = {place: _entry(cell, marks) for place, cell in wide.cells.items()}
    return Sheet("Row", wide.rows, headings, texts)


def _heading(wide: Wide, column: str) -> str:
    directions = {cell.higher_is_better for cell in wide.column(column).values()}
    return f"{column} ↓" if directions == {False} else column


def _entry(cell: PublishedRow, marks: Mapping[str, int]) -> str:
    return f"{cell.printed} [{marks[cell.note]}]" if cell.note else cell.printed


def _marks(found: Iterable[PublishedRow]) -> dict[str, int]:
    notes = dict.fromkeys(row.note for row in found if row.note)
    return {note: number for number, note in enumerate(notes, 1)}


def _summary(line: Line) -> dict[str, str]:
    digits = {found.name: 1 if found.metric.unit == "%" else 3 for found in EXPERIMENTS}
    return {
        **{name: f"{value:.{digits[name]}f}" for name, value in line.values.items()},
        "mean": f"{line.mean:.2f}",
        "mean_printed": f"{line.mean_printed:.1f}",
        "rank": f"{line.average_rank:.3f}",
        "rank_printed": f"{line.average_rank_printed:.1f}",
    }


def _explained(found: Sequence[Difference]) -> Iterator[str]:
    for reason in dict.fromkeys(difference.reason for difference in found):
        same = [difference for difference in found if difference.reason == reason]
        whose = ", ".join(f"{d.model} {d.computed:g} (printed {d.printed})" for d in same)
        yield f"The {same[0].quantity} differs from print because {reason}: {whose}."


def _references() -> Iterator[RenderableType]:
    known = catalogue()
    yield ""
    references = {key: source.reference for key, source in known.sources.items()}
    references |= {key: group.reference for key, group in known.collections.items()}
    for key, reference in references.items():
        yield Text(f"{key}: {reference}", "dim")


def _origin(name: str) -> Text:
    source = name.rpartition("_")[0]
    return Text(f"As printed in {source}: {catalogue().sources[source].reference}", "dim")


def _title(name: str) -> str:
    source, _, number = name.rpartition("_")
    return catalogue().sources[source].tables[number]
