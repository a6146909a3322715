"""The ranking for the end of `severe run`: a few lines that fit 80 columns."""

from collections.abc import Iterator, Sequence
from typing import Literal

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table as RichTable
from rich.text import Text

from severe_bench.analysis.harvest import Harvest
from severe_bench.analysis.study import build_study
from severe_bench.published.fit import GAP, chunks
from severe_bench.report.table import Table
from severe_bench.report.tables.caveats import legend_of
from severe_bench.report.tables.scores import ranking
from severe_bench.report.words import counted

SHORT = {"mean_score": "Mean", "average_rank": "Rank"}
LEFT_OUT = frozenset({"kind", "experiments", "caveats"})
NARROWEST_NAME = 12
WIDTH = 80
SEPARATOR = 2
NAME_SHARE = 0.4
"""Share of a line, at most, for the rows' names."""


def ranking_table(harvest: Harvest) -> Group:
    """Mean score, average rank and the mean of each factor, best model first, for each preset.

    Names are shown as they are: no markup in them is obeyed. Long ones are cut with an ellipsis.

    Args:
        harvest: from `analysis.reading.harvest`; no predictions are read, so this is quick.
    """
    study = build_study(harvest, lambda _: None)
    if not study.models:
        return Group(Text(f"No cell is finished yet{_missing(harvest)}."))
    parts: list[RenderableType] = []
    shown: list[Table] = []
    last = list(study.by_preset.values())[-1]
    for preset, part in study.by_preset.items():
        heading = f"Preset {preset}" if len(study.by_preset) > 1 else ""
        parts += [Text(heading, "bold")] if heading else []
        shown.append(ranking(part))
        parts.append(_rich(shown[-1]))
        over = f"{part.standings[0].experiments} of {counted(len(part.columns), 'experiment')}"
        missing = _missing(harvest) if part is last else ""
        parts.append(Text(f"Mean score (0-100) and rank over {over}{missing}."))
    explained = legend_of(row for table in shown for row in table.rows).strip()
    return Group(*parts, *([Text(explained)] if explained else []))


def _rich(table: Table) -> RichTable:
    shown = RichTable(
        box=box.SIMPLE_HEAD,
        pad_edge=False,
        show_edge=False,
        collapse_padding=True,
    )
    kept = [i for i, head in enumerate(table.heads) if head.key not in LEFT_OUT]
    titles = {i: SHORT.get(table.heads[i].key, table.heads[i].title) for i in kept}
    numbers = [_width(table, i, title) for i, title in titles.items() if table.heads[i].numeric]
    name = max(NARROWEST_NAME, WIDTH - sum(numbers) - SEPARATOR * len(kept))
    for i, title in titles.items():
        if table.heads[i].numeric:
            shown.add_column(Text(title), justify="right", no_wrap=True)
        else:
            shown.add_column(Text(title), no_wrap=True, overflow="ellipsis", max_width=name)
    for row in table.rows:
        shown.add_row(*(Text(row[i].text) for i in kept))
    return shown


def _width(table: Table, column: int, title: str) -> int:
    return max(len(title), 5, *(len(row[column].text) for row in table.rows))


def _missing(harvest: Harvest) -> str:
    missing = len(harvest.problems)
    return f"; {counted(missing, 'cell')} without a result" if missing else ""


def plain_tables(tables: Sequence[Table], width: int) -> Iterator[RenderableType]:
    """Tables of any width, in as many blocks of columns as the terminal asks for.

    Columns in which nothing stands are left out.
    """
    for table in (one.shown for one in tables):
        yield Text("")
        yield Text(table.title, "bold")
        yield from _in_blocks(table, width)
        yield Text(table.caption, "dim")


def _in_blocks(table: Table, width: int) -> Iterator[RenderableType]:
    titles = [max(map(len, head.title.split()), default=0) for head in table.heads]
    entries = [[len(row[i].text) for row in table.rows] for i in range(len(table.heads))]
    widths = [max([title, *column]) for title, column in zip(titles, entries, strict=True)]
    first = min(widths[0], int(width * NAME_SHARE))
    wanted = {str(i): w for i, w in enumerate(widths) if i > 0}
    for group in chunks(wanted, width - first - GAP):
        yield _columns(table, [0, *map(int, group)], [first, *widths[1:]])


def _columns(table: Table, kept: Sequence[int], widths: Sequence[int]) -> RichTable:
    shown = RichTable(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for i in kept:
        head = table.heads[i]
        justify: Literal["left", "right"] = "right" if head.numeric else "left"
        shown.add_column(Text(head.title), justify=justify, width=widths[i], overflow="fold")
    for row in table.rows:
        shown.add_row(*(Text(row[i].text, "bold" if row[i].mark == "best" else "") for i in kept))
    return shown
