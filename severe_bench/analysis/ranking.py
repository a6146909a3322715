"""Ranks and mean scores of models over experiments, with every metric's direction obeyed.

Table 5.8 of the seed thesis ranked a counting error as if higher were better. Here a column knows
its `Metric`, and only `Metric.score` (0 worst, 100 best) is ever compared.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from severe_bench.core.metric import Metric

Ties = Literal["min", "average"]
TIE_DECIMALS = 9
"""Values that agree so far are ties: means over seeds carry rounding of about 1e-14."""


@dataclass(frozen=True)
class Column:
    """The headline values of all models in one experiment.

    Args:
        experiment: its name; `factor` is standard, domain, samples, actions or task.
        metric: what was measured, with its direction and scale.
        values: model -> mean over seeds, in the metric's unit; models without a value are absent.
        signs: model -> signs behind its value, see `harvest.signs_of`; models without are absent.
    """

    experiment: str
    factor: str
    metric: Metric
    values: Mapping[str, float]
    signs: Mapping[str, str] = field(default_factory=dict)

    def scores(self) -> dict[str, float]:
        """Values on the common scale: 0 is the metric's worst, 100 its best."""
        return {model: self.metric.score(value) for model, value in self.values.items()}


@dataclass(frozen=True)
class Standing:
    """One model over the experiments that all ranked models share.

    Args:
        mean_score: mean of the scores (0-100), or None where nothing is shared.
        average_rank: mean of the per-experiment ranks (1 is best), or None.
        experiments: over how many experiments both were taken.
    """

    model: str
    mean_score: float | None
    average_rank: float | None
    experiments: int


def ranks(column: Column, ties: Ties = "min") -> dict[str, float]:
    """Rank of each model present in one experiment; 1 is best whatever the metric's direction.

    Args:
        column: the experiment.
        ties: `min`: equal values share the better rank and the next rank is skipped (competition
            ranking, 1 2 2 4); `average`: they share the mean of the ranks they fill (1 2.5 2.5 4).

    Example:
        >>> error = Metric("mae", "counting error", "", worst=1.0, best=0.0)
        >>> ranks(Column("count", "task", error, {"a": 0.4, "b": 0.1, "c": 0.4}))
        {'a': 2.0, 'b': 1.0, 'c': 2.0}
    """
    sign = -1.0 if column.metric.higher_is_better else 1.0
    values = np.round([sign * value for value in column.values.values()], TIE_DECIMALS)
    better = (values[None, :] < values[:, None]).sum(axis=1)
    equal = (values[None, :] == values[:, None]).sum(axis=1)
    order = 1.0 + better + ((equal - 1) / 2 if ties == "average" else 0.0)
    return dict(zip(column.values, map(float, order), strict=True))


def common(columns: Sequence[Column], models: Sequence[str]) -> list[Column]:
    """The experiments in which every one of `models` has a value."""
    return [column for column in columns if set(models) <= set(column.values)]


def standings(
    columns: Sequence[Column], models: Sequence[str], ties: Ties = "min"
) -> list[Standing]:
    """Mean score and average rank over common experiments, best mean score first.

    Ranks are taken among `models` only. Without a common experiment every mean is None and the
    models stay in the order given.

    Args:
        columns: the experiments to average over.
        models: whom to rank; those without any value should not be among them, because they
            would leave no experiment in common.
        ties: see `ranks`.
    """
    shared = common(columns, models)
    if not shared:
        return [Standing(model, None, None, 0) for model in models]
    among = [_restrict(column, models) for column in shared]
    rank_rows = [ranks(column, ties) for column in among]
    score_rows = [column.scores() for column in among]
    rows = [
        Standing(
            model,
            float(np.mean([row[model] for row in score_rows])),
            float(np.mean([row[model] for row in rank_rows])),
            len(shared),
        )
        for model in models
    ]
    return sorted(rows, key=_order)


def _order(row: Standing) -> tuple[float, float, str]:
    return -_rounded(row.mean_score or 0.0), row.average_rank or 0.0, row.model


def _rounded(value: float) -> float:
    return round(value, TIE_DECIMALS)


def places(ranked: Sequence[Standing]) -> list[int | None]:
    """Place of each of `standings` by its mean score; equal ones share the better place.

    Example:
        >>> places([Standing("a", 90.0, 1.0, 2), Standing("b", 90.0, 1.0, 2)])
        [1, 1]
    """
    scores = [None if row.mean_score is None else _rounded(row.mean_score) for row in ranked]
    return [None if score is None else 1 + scores.index(score) for score in scores]


def _restrict(column: Column, models: Sequence[str]) -> Column:
    values = {model: column.values[model] for model in models}
    return Column(column.experiment, column.factor, column.metric, values)
