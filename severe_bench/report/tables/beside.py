"""Tables of measured models among the printed ones."""

from dataclasses import replace

from severe_bench.published.beside import OURS, Beside, Gap, Row
from severe_bench.report.table import Entry, Head, Mark, Table, number, signed, words
from severe_bench.report.tables.caveats import (
    CAVEATS,
    caveat_entry,
    legend_of,
    signs_in,
)
from severe_bench.report.tables.common import ABSENT, MODEL, digits_of, shades, table


def severe_table(found: Beside) -> Table:
    """The SEVERE table with measured rows in it, best mean first."""
    heads = [
        MODEL,
        Head("kind", "Kind"),
        Head("backbone", "Backbone"),
        *(Head(n, _title(n, found), numeric=True) for n in found.columns),
        Head("mean", "Mean", numeric=True),
        Head("average_rank", "Rank", numeric=True),
        Head("experiments", "Over", numeric=True),
        CAVEATS,
    ]
    colours = {name: shades(column) for name, column in found.columns.items()}
    rows = [_row(found, row, colours) for row in found.rows]
    over = ", ".join(found.shared) if found.shared else "nothing: no experiment has every model"
    caption = (
        f"Measured rows among quoted ones. Mean of scores (an error enters as 100·(1 − error)) and "
        f"average rank (1 is best) among all rows, over {over}." + legend_of(rows)
    )
    return table("severe", "The SEVERE table", caption, heads, rows)


def gap_table(found: Beside) -> Table:
    """Ours minus printed, where a printed row was run again."""
    heads = [
        MODEL,
        Head("printed_model", "Printed as"),
        Head("experiment", "Experiment"),
        Head("table", "Table"),
        Head("ours", "Ours", numeric=True),
        Head("printed", "Printed", numeric=True),
        Head("difference", "Ours − printed", numeric=True),
        Head("std_printed", "Std printed", numeric=True),
        Head("verdict", "Better"),
        CAVEATS,
    ]
    rows = [_gap(gap) for gap in found.gaps]
    caption = (
        "In the printed unit. Models are matched by name alone: whether weights, input and recipe "
        "are those of the publication is yours to know. Std printed is over three runs (Table B.3)."
        + legend_of(rows)
    )
    return table("ours_minus_printed", "Run again", caption, heads, rows)


def _row(found: Beside, row: Row, colours: dict[str, dict[str, float]]) -> list[Entry]:
    mark: Mark = "best" if row.kind == OURS else ""
    signs = signs_in([found.columns[name] for name in found.shared], row.name)
    mean, rank = row.standing.mean_score, row.standing.average_rank
    return [
        words(row.name, mark),
        words(row.kind, mark),
        words(row.backbone),
        *(_value(found, row, name, colours[name]) for name in found.columns),
        _with_signs(number(mean, mark=mark), signs),
        _with_signs(number(rank, 2, mark=mark), signs),
        number(row.standing.experiments, 0),
        caveat_entry(found.columns.values(), row.name),
    ]


def _value(found: Beside, row: Row, name: str, colours: dict[str, float]) -> Entry:
    if name not in row.values:
        return ABSENT
    digits = digits_of(found.columns[name].metric)
    value = number(row.values[name], digits, mark="best" if row.kind == OURS else "")
    return _with_signs(value, row.signs.get(name, "")).shaded(colours[row.name])


def _with_signs(entry: Entry, signs: str) -> Entry:
    return replace(entry, text=entry.text + signs)


def _gap(gap: Gap) -> list[Entry]:
    small = abs(gap.printed) < 1 and abs(gap.ours) < 1
    digits = 3 if small else 1
    return [
        words(gap.model),
        words(gap.printed_model),
        words(gap.experiment),
        words(gap.table),
        _with_signs(number(gap.ours, digits), gap.signs),
        number(gap.printed, digits),
        Entry(gap.difference, signed(gap.difference, digits)),
        number(gap.std, 2 if small else 1),
        words(gap.better),
        words(gap.signs),
    ]


def _title(name: str, found: Beside) -> str:
    return name if found.columns[name].metric.higher_is_better else f"{name} ↓"
