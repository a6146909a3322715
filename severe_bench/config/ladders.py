"""Doubling budgets in one word: one experiment of each rung."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field

from severe_bench.config.problems import Problem, parse
from severe_bench.config.yaml_tree import Loc
from severe_bench.core.errors import UserError
from severe_bench.core.frozen import Frozen
from severe_bench.data.adapter import ADAPTERS, Location

FULL = "full"
LADDER = "ladder"


class Ladder(Frozen):
    """`budget: {ladder: 1000}`: 1000, 2000, 4000, ... and the full training set.

    Args:
        ladder: the first rung.
        full: whether the full training set is a rung; false where another experiment has it.
        until: no rung is larger; by default rungs end below the size of the training set, which
            the official files or the options of the dataset state, whether its files are here or
            not.
    """

    ladder: Annotated[int, Field(ge=1)]
    until: Annotated[int, Field(ge=1)] | None = None
    full: bool = True

    def rungs(self, size: int | None) -> Iterator[int]:
        """Budgets below the training set's `size`, None where `until` alone ends them.

        Example:
            >>> list(Ladder(ladder=1000).rungs(9537))
            [1000, 2000, 4000, 8000]
        """
        rung = self.ladder
        while (size is None or rung < size) and (self.until is None or rung <= self.until):
            yield rung
            rung *= 2


def each_rung(
    experiments: Mapping[str, Any], datasets: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Problem]]:
    """Experiment entries with each that has a ladder replaced by one per rung.

    An entry `few` with `budget: {ladder: 1000}` becomes `few-1000`, `few-2000`, ..., `few-full`.
    Other keys of the budget (`rule`, `draw`) hold for every rung but the full set, which has none.

    Args:
        experiments: raw entries by name.
        datasets: raw entries by name, for the sizes of training sets.
    """
    found: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, entry in experiments.items():
        budget = entry.get("budget") if isinstance(entry, dict) else None
        if not isinstance(budget, dict) or LADDER not in budget:
            found[name] = entry
            continue
        loc = ("experiments", name, "budget")
        budgets, wrong = _budgets(budget, datasets.get(str(entry.get("dataset"))), loc)
        problems += wrong
        made = {f"{name}-{rung}": {**entry, "budget": one} for rung, one in budgets.items()}
        twice = [rung for rung in made if rung in experiments]
        problems += [Problem(loc, f"there is an experiment {t!r} already", "rename") for t in twice]
        found |= made
    return found, problems


def _budgets(
    budget: Mapping[str, Any], dataset: object, loc: Loc
) -> tuple[dict[str, Any], list[Problem]]:
    """Raw budgets by what a rung is called."""
    given = {key: budget[key] for key in Ladder.model_fields if key in budget}
    rest = {key: value for key, value in budget.items() if key not in given}
    ladder, problems = parse(Ladder, given, loc)
    if not isinstance(ladder, Ladder):
        return {FULL: {}}, problems
    size = _train_size(dataset)
    if size is None and ladder.until is None:
        what = "how large the training set is, is not known without its files"
        return {FULL: {}}, [Problem((*loc, LADDER), what, "add `until: N`, the largest rung")]
    budgets: dict[str, Any] = {str(rung): {**rest, "count": rung} for rung in ladder.rungs(size)}
    return budgets | ({FULL: {}} if ladder.full else {}), []


def _train_size(entry: object) -> int | None:
    """As the official files are known to have, or as the options say; None where neither does.

    What is broken in the entry is reported where it is checked.
    """
    given = entry if isinstance(entry, dict) else {}
    try:
        adapter = ADAPTERS.get(str(given.get("adapter")))
        options, _ = parse(adapter.options, given.get("options", {}), ())
        if not isinstance(options, Frozen):
            return None
        expected = adapter.expected(options)
        counted = expected.splits["train"].records if expected is not None else None
        return counted or adapter.known(options, Location(None, None)).train
    except UserError:
        return None
