"""Means and average ranks of the SEVERE benchmark (thesis Table 5.8), with every direction obeyed.

The printed average ranks count the error of repetition counting (UCF-RC) as if higher were better.
Only `lines_ranked_as_printed` does so too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from severe_bench.analysis.ranking import Column, Ties, standings
from severe_bench.core.metric import Metric
from severe_bench.published.read import rows
from severe_bench.published.wide import Wide, widen

TABLE = "thoker2023thesis_5.8"
RULE = "every metric's direction obeyed"
RULE_AS_PRINTED = "as printed: the UCF-RC error ranked as if higher were better"

TOP1 = Metric("top1", "top-1 accuracy", "%", worst=0.0, best=100.0)
PER_CLASS = Metric("mean_per_class", "mean per-class accuracy", "%", worst=0.0, best=100.0)
MEAN_AP = Metric("map", "mean average precision", "%", worst=0.0, best=100.0)
ERROR = Metric("counting_error", "mean counting error", "", worst=1.0, best=0.0)
ERROR_TURNED_ROUND = Metric("counting_error", RULE_AS_PRINTED, "", worst=0.0, best=1.0)


@dataclass(frozen=True)
class Experiment:
    """One of the eight: its name in files, its printed heading, its factor, its metric."""

    name: str
    heading: str
    factor: str
    metric: Metric


UCF_RC = Experiment("ucf_rc", "Tasks / UCF-RC", "task", ERROR)
EXPERIMENTS = (
    Experiment("ssv2", "Domains / SSv2", "domain", TOP1),
    Experiment("gym99", "Domains / Gym99", "domain", TOP1),
    Experiment("ucf_1k", "Samples / UCF (10^3)", "samples", TOP1),
    Experiment("gym_1k", "Samples / Gym (10^3)", "samples", TOP1),
    Experiment("fx_s1", "Actions / FX-S1", "actions", PER_CLASS),
    Experiment("ub_s1", "Actions / UB-S1", "actions", PER_CLASS),
    UCF_RC,
    Experiment("charades", "Tasks / Charades", "task", MEAN_AP),
)


@dataclass(frozen=True)
class Line:
    """One model of Table 5.8.

    Args:
        model, backbone: who.
        values: experiment -> the printed value, in the metric's unit.
        mean: plain mean of the eight values, UCF-RC entered as 100 * (1 - error).
        average_rank: mean of the eight ranks among the fifteen models; 1 is best.
        mean_printed, average_rank_printed: as the thesis prints them.
        rule: how `average_rank` was taken.
    """

    model: str
    backbone: str
    values: Mapping[str, float]
    mean: float
    average_rank: float
    mean_printed: float
    average_rank_printed: float
    rule: str


def columns() -> list[Column]:
    """The eight experiments with all fifteen models, directions obeyed."""
    return [_column(experiment, experiment.metric) for experiment in EXPERIMENTS]


def columns_ranked_as_printed() -> list[Column]:
    """The eight experiments with the error of UCF-RC turned round, as the printed ranks need it.

    Fit for ranks alone: the scores of the turned column mean nothing.
    """
    return [
        _column(experiment, ERROR_TURNED_ROUND if experiment is UCF_RC else experiment.metric)
        for experiment in EXPERIMENTS
    ]


def lines(ties: Ties = "min") -> list[Line]:
    """Table 5.8 in printed order, means and average ranks computed from its printed cells.

    Args:
        ties: how equal values share ranks, see `severe_bench.analysis.ranking.ranks`.

    Example:
        >>> [line.average_rank for line in lines() if line.model == "Supervised"]
        [2.375]
    """
    return _lines(columns(), f"{RULE}; ties: {ties}", ties)


def lines_ranked_as_printed() -> list[Line]:
    """Table 5.8 with the ranks that the thesis prints, by its own mistaken rule.

    Example:
        >>> [line.average_rank for line in lines_ranked_as_printed() if line.model == "Supervised"]
        [3.875]
    """
    return _lines(columns_ranked_as_printed(), RULE_AS_PRINTED, "min")


def _lines(rank_columns: Sequence[Column], rule: str, ties: Ties) -> list[Line]:
    wide = widen(rows(TABLE))
    models = _models(wide)
    means = {found.model: found.mean_score for found in standings(columns(), models)}
    ranks = {found.model: found.average_rank for found in standings(rank_columns, models, ties)}
    return [
        _line(wide, label, model, _known(means[model]), _known(ranks[model]), rule)
        for label, model in zip(wide.rows, models, strict=True)
    ]


def _line(wide: Wide, label: str, model: str, mean: float, rank: float, rule: str) -> Line:
    return Line(
        model,
        wide.of_row(label)[0].backbone,
        {found.name: _value(wide, label, found.heading) for found in EXPERIMENTS},
        mean,
        rank,
        _value(wide, label, "Mean"),
        _value(wide, label, "Rank"),
        rule,
    )


def _models(wide: Wide) -> list[str]:
    return [wide.of_row(label)[0].model for label in wide.rows]


def _column(experiment: Experiment, metric: Metric) -> Column:
    cells = widen(rows(TABLE)).column(experiment.heading).values()
    values = {cell.model: _known(cell.value) for cell in cells}
    return Column(experiment.name, experiment.factor, metric, values)


def _value(wide: Wide, row: str, column: str) -> float:
    return _known(wide.cells[row, column].value)


def _known(value: float | None) -> float:
    if value is None:
        raise ValueError(f"{TABLE}: a number is missing")
    return value
