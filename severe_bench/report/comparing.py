"""`severe compare`: measured models beside printed ones, or two of them with each other."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from rich.console import Group, RenderableType
from rich.text import Text

from severe_bench.analysis.findings import class_difference_of
from severe_bench.analysis.one_setting import mixed
from severe_bench.analysis.reading import ResultsReader, harvest
from severe_bench.analysis.study import Study, build_study
from severe_bench.core.errors import UserError
from severe_bench.core.registry import nearest
from severe_bench.plan.cell import Cell
from severe_bench.published.beside import OURS, beside
from severe_bench.report.table import Table
from severe_bench.report.tables.beside import gap_table, severe_table
from severe_bench.report.tables.classes import class_differences
from severe_bench.report.tables.comparisons import two
from severe_bench.report.terminal import plain_tables
from severe_bench.report.words import counted, listing, some, warnings
from severe_bench.store.layout import CELL, RESULT, SHARED, Layout

MOST_TITLES = 5


@dataclass(frozen=True)
class Compared:
    """Tables with what must be said about them."""

    title: str
    tables: tuple[Table, ...]
    notes: tuple[str, ...]

    def json(self) -> str:
        """One JSON object: a list of objects per table, and the notes."""
        content: dict[str, object] = {"title": self.title, "notes": list(self.notes)}
        for table in self.tables:
            keys = [head.key for head in table.heads]
            content[table.name] = [
                dict(zip(keys, (entry.value for entry in row), strict=True)) for row in table.rows
            ]
        return json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False)

    def shown(self, width: int) -> RenderableType:
        """For a terminal of so many columns."""
        parts: list[RenderableType] = [Text(self.title, "bold")]
        parts += plain_tables(self.tables, width)
        return Group(*parts, *map(Text, self.notes))


def suite_of(folder: Path, name: str | None) -> Layout:
    """The suite that lies in a folder.

    Args:
        folder: a results folder, or the folder of one suite in it.
        name: which suite; None where there is only one.

    Raises:
        UserError: there is none, or there are several and none was named.
    """
    if name is None and (folder / "cells").is_dir():
        return Layout(folder.parent, folder.name)
    suites = sorted(
        path.parent.name for path in folder.glob("*/cells") if path.parent.name != SHARED
    )
    if name is not None:
        if name not in suites:
            raise UserError(f"no suite {name!r} here", str(folder), nearest(name, suites))
        return Layout(folder, name)
    filled = [suite for suite in suites if any((folder / suite / "cells").glob(f"*/{CELL}"))]
    if len(filled) != 1:
        mend = f"name one with --suite: {', '.join(filled)}" if filled else "run `severe run` first"
        raise UserError(f"{len(filled) or 'no'} suites with results", str(folder), mend)
    return Layout(folder, filled[0])


Planned = Sequence[Cell] | None
"""The suite's cells as planned now; None: whatever the folder holds, one setting of each."""


def against_published(
    layout: Layout, experiments: Sequence[str], planned: Planned = None
) -> Compared:
    """All measured models in the printed SEVERE table.

    Args:
        layout: of the suite.
        experiments: globs; none for all.
        planned: which cells count.

    Raises:
        UserError: no experiment is a printed column.
    """
    study = _with_results(build_study(harvest(layout, planned), lambda _: None), layout)
    found = beside(column for name, column in study.columns.items() if _wanted(name, experiments))
    notes = [*found.notes, *warnings(study), *_left_out(study, layout, planned)]
    if any(row.kind == OURS for row in found.rows):
        notes.insert(0, MIXED)
    tables = [severe_table(found)] if found.rows else []
    tables += [gap_table(found)] if found.gaps else []
    title = f"{layout.suite} beside the published SEVERE table"
    return Compared(title, tuple(tables), tuple(notes))


def _with_results(study: Study, layout: Layout) -> Study:
    """The same study.

    Raises:
        UserError: no cell of it has a result.
    """
    if not study.models:
        what, mend = f"no cell of suite {layout.suite} has a result", "see `severe status`"
        raise UserError(what, str(layout.cells), mend)
    return study


MIXED = (
    "This ranking mixes kinds: quoted rows are as printed, measured by others with other code, "
    "other training and one test set; differences of a point or two mean nothing. No test is made."
)


def two_models(
    layout: Layout, models: Sequence[str], experiments: Sequence[str], planned: Planned = None
) -> Compared:
    """Two models with each other: paired differences and tests, and their classes.

    Args:
        layout: of the suite.
        models: their names.
        experiments: globs; none for all.
        planned: which cells count.

    Raises:
        UserError: not two models, or one of them has no result.
    """
    if len(models) != 2:
        raise UserError(f"{len(models)} models", "severe compare", "name two, or --with published")
    a, b = models
    reader = ResultsReader(layout)
    study = _with_results(build_study(harvest(layout, planned), reader.predictions), layout)
    for model in models:
        if model not in study.models:
            mend = nearest(model, list(study.models))
            raise UserError(f"no model {model!r} in {layout.suite}", str(layout.cells), mend)
    names = [name for name in study.columns if _wanted(name, experiments)]
    classes = [class_difference_of(study, name, a, b, reader.predictions) for name in names]
    tables = [two(study, a, b, names)]
    tables += [class_differences(one) for one in classes if one is not None]
    apart = _untested(study, a, b, names)
    notes = (*_two_notes(study), *apart, *_left_out(study, layout, planned))
    return Compared(f"{a} against {b} in {layout.suite}", tuple(tables), notes)


def _two_notes(study: Study) -> tuple[str, ...]:
    note = (
        "p: t-test with the variances of test videos (paired, by group) and of seeds; exact p: "
        "McNemar’s test, or its sign-test generalisation over several seeds or groups; it is about "
        "these training runs, not about others."
    )
    return (note, *study.notes, *warnings(study))


def _untested(study: Study, a: str, b: str, experiments: Sequence[str]) -> list[str]:
    """Experiments that both models have, but on no common seed."""
    apart = [
        name
        for name in experiments
        if {a, b} <= set(study.columns[name].values)
        and (found := study.uncertainties.get(name)) is not None
        and found.comparison(a, b) is None
    ]
    if not apart:
        return []
    return [f"No common seed with predictions in {some(apart)}: no difference is tested there."]


def _left_out(study: Study, layout: Layout, planned: Planned) -> list[str]:
    """Which finished cells do not count, and whether those that do belong together."""
    if planned is not None:
        ids = {cell.id for cell in planned}
        others = [path for path in layout.cells.glob(f"*/{RESULT}") if path.parent.name not in ids]
        text = f"{counted(len(others), 'finished cell')} of other settings or names left out."
        return [text] if others else []
    titles = [one.title for one in study.harvest.problems if one.state == "superseded"]
    several = mixed(study.harvest.measured, ResultsReader(layout).job)
    notes = []
    if titles:
        shown = f"{'; '.join(titles[:MOST_TITLES])}{' ...' * (len(titles) > MOST_TITLES)}"
        notes.append(
            f"{counted(len(titles), 'finished cell')} left out, measured with other settings than "
            f"those that count, which have more seeds or are newer: {shown}."
        )
    if several:
        notes.append(
            f"Warning: recipe, budget or data are not the same for all models in "
            f"{listing(several)}. Whether that is meant is in the plan: pass -c FILE."
        )
    return notes


def _wanted(name: str, globs: Sequence[str]) -> bool:
    return not globs or any(fnmatchcase(name, glob) for glob in globs)
