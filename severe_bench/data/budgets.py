"""Which training videos a budget buys.

All draws use NumPy's legacy `RandomState`, whose stream is frozen for good, so that a subset is
the same for everybody, whatever their NumPy.
"""

import hashlib
import math
from collections.abc import Sequence

import numpy as np

from severe_bench.core.budget import Budget
from severe_bench.core.errors import UserError
from severe_bench.core.record import Record

Groups = dict[int, list[int]]


def draw(
    budget: Budget, records: Sequence[Record], n_classes: int, cell_seed: int
) -> tuple[int, ...]:
    """Indices into `records`, in draw order, no index twice.

    Args:
        budget: how many, by which rule, from which seed.
        records: training records in official list order.
        n_classes: of the dataset, including classes without a training video.
        cell_seed: seed of the draw when the budget says `draw: cell`.

    Returns:
        For the full set all indices in list order. `per_class_ceil` is class by class; the other
        rules take the classes in turn, so that a smaller budget is contained in a larger one.
        Records without a label count as one class.

    Raises:
        UserError: a listed sample is not there, or there are fewer videos than the budget asks
            for; but `per_class_ceil` then draws every class whole, as SEVERE's code does.
    """
    if budget.samples is not None:
        return _listed(budget.samples, records)
    groups = _by_class(records)
    seed = cell_seed if budget.draw == "cell" else budget.draw
    if budget.count is not None:
        if budget.rule == "per_class_ceil":
            return _per_class_ceil(budget.count, groups, n_classes, seed)
        _require(budget.count, len(records), "the training set")
        return tuple(_in_turn(groups, _sizes(groups), seed)[: budget.count])
    if budget.per_class is not None:
        for label, members in groups.items():
            _require(budget.per_class, len(members), f"class {label}")
        return tuple(_in_turn(groups, dict.fromkeys(groups, budget.per_class), seed))
    if budget.percent is not None:
        shares = {label: _share(budget.percent, len(group)) for label, group in groups.items()}
        return tuple(_in_turn(groups, shares, seed))
    return tuple(range(len(records)))


def _listed(samples: Sequence[str], records: Sequence[Record]) -> tuple[int, ...]:
    places = {record.sample: index for index, record in enumerate(records)}
    strange = next((sample for sample in samples if sample not in places), None)
    if strange is not None:
        what = f"the budget lists {strange!r}, which is no training sample of the dataset"
        raise UserError(what, mend="give a list that was drawn from this dataset")
    return tuple(places[sample] for sample in samples)


def draw_lines(records: Sequence[Record], indices: Sequence[int]) -> list[str]:
    """The subset's lines `sample label`, each ended by a newline, in draw order."""
    return [f"{records[index].sample} {records[index].label}\n" for index in indices]


def split_digest(records: Sequence[Record], indices: Sequence[int]) -> str:
    """SHA-256 of `draw_lines`."""
    return hashlib.sha256("".join(draw_lines(records, indices)).encode()).hexdigest()


def _by_class(records: Sequence[Record]) -> Groups:
    """Indices in list order by class id, ids ascending; -1 holds the records without a label."""
    groups: Groups = {}
    for index, record in enumerate(records):
        groups.setdefault(-1 if record.label is None else record.label, []).append(index)
    return dict(sorted(groups.items()))


def _sizes(groups: Groups) -> dict[int, int]:
    return {label: len(members) for label, members in groups.items()}


def _share(percent: float, size: int) -> int:
    """`percent` of `size`, half rounded up, at least one."""
    return max(1, math.floor(percent * size / 100 + 0.5))


def _require(wanted: int, there: int, what: str) -> None:
    if wanted > there:
        raise UserError(
            f"the budget asks for {wanted} videos but {what} has {there}",
            mend=f"use at most {there}, or no budget for the full training set",
        )


def _per_class_ceil(count: int, groups: Groups, n_classes: int, seed: int) -> tuple[int, ...]:
    """SEVERE's rule: ceil(count / classes) of each class, all of a class that is smaller."""
    per_class = math.ceil(count / max(n_classes, 1))
    random = np.random.RandomState(seed)
    drawn: list[int] = []
    for members in groups.values():
        chosen = random.choice(len(members), min(per_class, len(members)), replace=False)
        drawn.extend(members[place] for place in chosen)
    return tuple(drawn)


def _in_turn(groups: Groups, limits: dict[int, int], seed: int) -> list[int]:
    """Each class shuffled, then one video of each class in turn until its limit.

    Neither the shuffles nor the order of the classes depend on the limits: that nests budgets.
    """
    random = np.random.RandomState(seed)
    turn = random.permutation(np.fromiter(groups, dtype=np.int64, count=len(groups)))
    shuffled = {label: random.permutation(groups[int(label)]) for label in turn}
    rounds = max(limits.values(), default=0)
    return [
        int(shuffled[label][round_])
        for round_ in range(rounds)
        for label in turn
        if round_ < limits[int(label)]
    ]
