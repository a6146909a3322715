"""Measured models beside the printed ones: one ranking of both, and ours minus printed."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

import yaml

from severe_bench.analysis.ranking import Column, Standing, common, standings
from severe_bench.core.errors import UserError
from severe_bench.core.frozen import Frozen
from severe_bench.core.metric import Metric
from severe_bench.published.columns import printed_column
from severe_bench.published.read import name_of, rows
from severe_bench.published.sources import HERE

OURS, QUOTED = "measured", "quoted"
DEVIATIONS = "B.3"


class Place(Frozen):
    """Where an experiment is printed; see `experiments.yaml`."""

    table: str
    column: str
    metrics: tuple[str, ...]
    std: str | None = None


class Places(Frozen):
    """All of `experiments.yaml`."""

    source: str
    severe: str
    models: dict[str, str]
    experiments: dict[str, Place]


@dataclass(frozen=True)
class Row:
    """One model of the combined table.

    Args:
        name: as shown; `kind` is measured or quoted.
        backbone: as printed, empty for measured ones.
        values: experiment -> value in the printed unit.
        signs: experiment -> signs behind the value, where it has any (`harvest.signs_of`).
        standing: over the experiments that all rows share, None where that is not all.
    """

    name: str
    kind: str
    backbone: str
    values: Mapping[str, float]
    signs: Mapping[str, str]
    standing: Standing


@dataclass(frozen=True)
class Gap:
    """One experiment that was run again for a printed model, in the printed unit.

    Args:
        std: printed standard deviation over runs, None where there is none.
        better: `ours`, `printed`, or `equal`.
        signs: behind our value, see `harvest.signs_of`.
    """

    model: str
    printed_model: str
    experiment: str
    table: str
    ours: float
    printed: float
    std: float | None
    better: str
    signs: str = ""

    @property
    def difference(self) -> float:
        """Ours minus printed."""
        return self.ours - self.printed


@dataclass(frozen=True)
class Beside:
    """Measured and printed models together.

    Args:
        columns: experiment -> both kinds' values in the printed metric, in printed order; measured
            models are called by their own names, with ` (ours)` where a printed one has the name.
        rows: best first.
        shared: experiments over which means and ranks are taken.
        gaps: ours minus printed.
        notes: what could not be compared, and why.
    """

    columns: Mapping[str, Column]
    rows: tuple[Row, ...]
    shared: tuple[str, ...]
    gaps: tuple[Gap, ...]
    notes: tuple[str, ...]


@cache
def places() -> Places:
    """Which printed column is which experiment."""
    text = (HERE / "experiments.yaml").read_text(encoding="utf-8")
    return Places.model_validate(yaml.safe_load(text))


def beside(measured: Iterable[Column]) -> Beside:
    """Put measured columns beside the printed SEVERE table.

    Args:
        measured: headline values by experiment.

    Raises:
        UserError: none of the experiments is a printed column.
    """
    known = places()
    found, notes = _matched(measured, known)
    if not found:
        names = ", ".join(known.experiments)
        what = "none of these experiments is a column of a published table"
        raise UserError(what, mend=f"published are: {names}")
    gaps = tuple(gap for name, column in found.items() for gap in _gaps(name, column, known))
    severe = {
        name: place for name, place in known.experiments.items() if place.table == known.severe
    }
    ours = {name: found[name] for name in severe if name in found}
    if not ours:
        notes.append("none of the experiments is one of the SEVERE table, so there is no ranking")
        return Beside({}, (), (), gaps, tuple(notes))
    columns = _joined(severe, ours, known)
    quoted = {row.model: row.backbone for row in rows(name_of(known.source, known.severe))}
    notes += _incomplete(columns, quoted)
    return Beside(columns, *_standings(columns, quoted), gaps, tuple(notes))


def plain(name: str) -> str:
    """A model's name without case, blanks and signs, to recognise it.

    Example:
        >>> plain("Pretext-Contrast") == plain("pretext_contrast")
        True
    """
    return "".join(c for c in name.casefold() if c.isalnum())


def _matched(measured: Iterable[Column], known: Places) -> tuple[dict[str, Column], list[str]]:
    """Measured columns by published name, in the printed metric; and those that do not fit."""
    found: dict[str, Column] = {}
    chosen: dict[str, str] = {}
    notes = []
    for column in measured:
        called, _, preset = column.experiment.partition(" (")
        name = called.casefold().replace("-", "_")
        place = known.experiments.get(name)
        if place is None:
            continue
        printed = printed_column(name_of(known.source, place.table), place.column).column
        if column.metric.name not in place.metrics:
            notes.append(
                f"{column.experiment} is measured as {column.metric.name}, "
                f"printed as {printed.metric.name}: left out"
            )
        elif name in found:
            notes.append(f"{column.experiment} is a second measurement of {name}: left out")
        else:
            found[name] = _in_printed_unit(name, column, printed)
            chosen[column.experiment] = preset
    if len(set(chosen.values())) > 1:
        notes.append(f"the measured columns mix presets: {', '.join(chosen)}")
    return found, notes


def _in_printed_unit(name: str, column: Column, printed: Column) -> Column:
    metric = printed.metric
    values = {
        model: metric.worst + score / 100.0 * (metric.best - metric.worst)
        for model, score in column.scores().items()
    }
    return Column(name, column.factor, metric, values, column.signs)


def _gaps(name: str, ours: Column, known: Places) -> list[Gap]:
    place = known.experiments[name]
    printed = printed_column(name_of(known.source, place.table), place.column)
    stds = _stds(place, known)
    by_plain = {plain(model): model for model in printed.column.values}
    found = []
    for model, value in ours.values.items():
        twin = by_plain.get(plain(known.models.get(model, model)))
        if twin is not None:
            theirs = printed.column.values[twin]
            better = _better(value, theirs, printed.column.metric)
            std = printed.stds.get(twin, stds.get(plain(twin)))
            signs = ours.signs.get(model, "")
            found.append(Gap(model, twin, name, place.table, value, theirs, std, better, signs))
    return found


def _better(ours: float, printed: float, metric: Metric) -> str:
    if math.isclose(ours, printed, rel_tol=0.0, abs_tol=1e-9):
        return "equal"
    return "ours" if (ours > printed) == metric.higher_is_better else "printed"


def _stds(place: Place, known: Places) -> dict[str, float]:
    if place.std is None:
        return {}
    printed = printed_column(name_of(known.source, DEVIATIONS), place.std)
    return {plain(model): std for model, std in printed.stds.items()}


def _joined(
    severe: Mapping[str, Place], ours: Mapping[str, Column], known: Places
) -> dict[str, Column]:
    columns = {}
    for name, place in severe.items():
        printed = printed_column(name_of(known.source, place.table), place.column).column
        measured = ours.get(name)
        values, signs = dict(printed.values), {}
        for model, value in (measured.values if measured else {}).items():
            values[_shown(model, printed.values)] = value
        for model, sign in (measured.signs if measured else {}).items():
            signs[_shown(model, printed.values)] = sign
        columns[name] = Column(name, printed.factor, printed.metric, values, signs)
    return columns


def _shown(model: str, printed: Iterable[str]) -> str:
    return f"{model} (ours)" if model in printed else model


def _incomplete(columns: Mapping[str, Column], quoted: Mapping[str, str]) -> list[str]:
    """A note on each measured model that has not all of the columns."""
    models = dict.fromkeys(model for column in columns.values() for model in column.values)
    notes = []
    for model in models:
        missing = [name for name, column in columns.items() if model not in column.values]
        if missing and model not in quoted:
            notes.append(f"{model} has no result of {', '.join(missing)}")
    return notes


def _standings(
    columns: Mapping[str, Column], quoted: Mapping[str, str]
) -> tuple[tuple[Row, ...], tuple[str, ...]]:
    models = list(dict.fromkeys(m for column in columns.values() for m in column.values))
    found = [
        Row(
            standing.model,
            QUOTED if standing.model in quoted else OURS,
            quoted.get(standing.model, ""),
            {n: c.values[standing.model] for n, c in columns.items() if standing.model in c.values},
            {n: c.signs[standing.model] for n, c in columns.items() if standing.model in c.signs},
            standing,
        )
        for standing in standings(list(columns.values()), models)
    ]
    shared = common(list(columns.values()), models)
    return tuple(found), tuple(column.experiment for column in shared)
