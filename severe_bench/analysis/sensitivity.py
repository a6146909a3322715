"""What a factor does to the order of models: each experiment against the standard column."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from math import isnan, nan

import numpy as np
from numpy.typing import NDArray

from severe_bench.analysis.agreement import Agreement, kendall, spearman
from severe_bench.analysis.intervals import Interval, PairedDifference
from severe_bench.analysis.ranking import Column, ranks
from severe_bench.analysis.redrawn import interval_of
from severe_bench.plan.cell import Label

STANDARD = "standard"
Array = NDArray[np.float64]
Difference = Callable[[str, str, str], PairedDifference | None]
"""(experiment, a, b) -> a minus b in points of score, so that positive means a is better."""


@dataclass(frozen=True)
class Move:
    """One model's ranks among the models that both experiments have (1 is best).

    Args:
        separable: it rose and a pair in which it overtook is `Swap.separable`, or it fell and a
            pair in which it was overtaken is. False where the rank is the same.
    """

    model: str
    before: float
    after: float
    separable: bool

    @property
    def change(self) -> float:
        """Places lost (positive) or won (negative)."""
        return self.after - self.before


@dataclass(frozen=True)
class Swap:
    """Two models whose order differs between the standard column and this experiment.

    Args:
        before: led in the standard column, by `standard`; `after` leads here, by `here`. Both
            differences are leader minus follower in points of score, None without predictions.
    """

    before: str
    after: str
    standard: PairedDifference | None
    here: PairedDifference | None

    @property
    def separable(self) -> bool:
        """Both leads are larger than chance explains: both intervals lie above zero.

        Leads are over common seeds, so that one can be negative where seeds differ.
        """
        leads = (self.standard, self.here)
        return all(lead is not None and lead.low > 0 for lead in leads)


@dataclass(frozen=True)
class Sensitivity:
    """One experiment against its standard column.

    Args:
        moves: of every model that both have, in standard order.
        swaps: pairs in another order here: separable ones first, then by the sum of both leads.
        kendall, spearman: of the values of both columns; None with fewer than two models.
        kendall_interval: 95 %, test videos and seeds drawn again; None without predictions.
    """

    experiment: str
    factor: str
    standard: str
    moves: tuple[Move, ...]
    swaps: tuple[Swap, ...]
    kendall: Agreement | None
    spearman: Agreement | None
    kendall_interval: Interval | None = None


def standard_for(label: Label, standards: Sequence[Label]) -> Label | None:
    """The standard experiment most like `label`: same protocol, then preset and so on.

    After the preset come task, dataset and budget. The first of equally good ones is taken; None
    where there is no standard experiment.
    """

    def likeness(standard: Label) -> tuple[bool, ...]:
        keys = ("protocol", "preset", "task", "dataset", "budget")
        return tuple(getattr(standard, key) == getattr(label, key) for key in keys)

    return max(standards, key=likeness, default=None)


def sensitivity(standard: Column, column: Column, difference: Difference) -> Sensitivity:
    """How `column` orders the models that `standard` orders too, and which moves can be trusted."""
    models = [model for model in standard.values if model in column.values]
    before, after = (_ranks_of(c, models) for c in (standard, column))
    swaps = [
        Swap(
            lead,
            follow,
            difference(standard.experiment, lead, follow),
            difference(column.experiment, follow, lead),
        )
        for lead, follow in permutations(models, 2)
        if before[lead] < before[follow] and after[lead] > after[follow]
    ]
    rose = {swap.after for swap in swaps if swap.separable}
    fell = {swap.before for swap in swaps if swap.separable}
    order = sorted(models, key=before.__getitem__)
    pairs = [-before[m] for m in order], [-after[m] for m in order]
    several = len(models) > 1
    return Sensitivity(
        column.experiment,
        column.factor,
        standard.experiment,
        tuple(_move(m, before[m], after[m], rose, fell) for m in order),
        tuple(sorted(swaps, key=lambda swap: (not swap.separable, -_reach(swap)))),
        kendall(*pairs) if several else None,
        spearman(*pairs) if several else None,
    )


def with_interval(one: Sensitivity, draws: Array) -> Sensitivity:
    """The same with its interval, from tau-b when videos and seeds are drawn again (B,)."""
    return replace(one, kendall_interval=interval_of(draws))


@dataclass(frozen=True)
class FactorSensitivity:
    """One number for a factor: mean Kendall's tau-b of its experiments with their standard columns.

    Args:
        interval: 95 %, test videos and seeds drawn again; None where predictions are missing.
        experiments: over how many; `separable_swaps` pairs of models change their order in them
            beyond chance, of `swaps`.
    """

    factor: str
    tau: float
    interval: Interval | None
    experiments: int
    swaps: int
    separable_swaps: int


def by_factor(
    found: Sequence[Sensitivity], draws: Callable[[Sensitivity], Array | None]
) -> list[FactorSensitivity]:
    """Sum up each factor.

    Args:
        found: experiments of all factors.
        draws: an experiment's tau-b when videos and seeds are drawn again (B,), or None.
    """
    factors = dict.fromkeys(one.factor for one in found)
    return [
        _of_factor(factor, [one for one in found if one.factor == factor], draws)
        for factor in factors
    ]


def _of_factor(
    factor: str, found: Sequence[Sensitivity], draws: Callable[[Sensitivity], Array | None]
) -> FactorSensitivity:
    usable = [one for one in found if one.kendall is not None and not isnan(one.kendall.value)]
    taus = [one.kendall.value for one in usable if one.kendall is not None]
    drawn = [each for one in usable if (each := draws(one)) is not None]
    complete = usable and len(drawn) == len(usable)
    fewest = min((len(each) for each in drawn), default=0)
    swaps = [swap for one in found for swap in one.swaps]
    return FactorSensitivity(
        factor,
        sum(taus) / len(taus) if taus else nan,
        interval_of(np.mean([each[:fewest] for each in drawn], axis=0)) if complete else None,
        len(usable),
        len(swaps),
        sum(swap.separable for swap in swaps),
    )


def _ranks_of(column: Column, models: Sequence[str]) -> dict[str, float]:
    values = {model: column.values[model] for model in models}
    return ranks(Column(column.experiment, column.factor, column.metric, values))


def _move(model: str, before: float, after: float, rose: set[str], fell: set[str]) -> Move:
    sure = (after < before and model in rose) or (after > before and model in fell)
    return Move(model, before, after, sure)


def _reach(swap: Swap) -> float:
    """Sum of both leads, to name the greatest swaps first."""
    return sum(lead.mean for lead in (swap.standard, swap.here) if lead is not None)
