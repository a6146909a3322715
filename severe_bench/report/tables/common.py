"""What several tables share."""

import math
from collections.abc import Iterable, Sequence

from severe_bench.analysis.intervals import PairedDifference
from severe_bench.analysis.ranking import Column, ranks
from severe_bench.analysis.study import Study
from severe_bench.core.metric import Metric
from severe_bench.report.table import (
    MISSING,
    Entry,
    Head,
    Table,
    number,
    signed,
    words,
)

ABSENT = Entry(None, MISSING, mark="missing")
MODEL = Head("model", "Model")
EXPERIMENT = Head("experiment", "Experiment")


def table(
    name: str,
    title: str,
    caption: str,
    heads: Sequence[Head],
    rows: Iterable[Sequence[Entry]],
    detail: str = "",
) -> Table:
    """A table from whatever sequences are at hand."""
    return Table(name, title, caption, tuple(heads), tuple(tuple(row) for row in rows), detail)


def in_order(study: Study) -> list[str]:
    """The models, best first by the first preset; those without results of it come last."""
    every = (standing.model for part in study.by_preset.values() for standing in part.standings)
    return list(dict.fromkeys(every))


def preset_heads(study: Study) -> list[Head]:
    """A column that names the preset, where the study has several."""
    return [Head("preset", "Preset")] if len(study.by_preset) > 1 else []


def preset_entries(study: Study, preset: str) -> list[Entry]:
    """The entry of a row in that column."""
    return [words(preset)] if len(study.by_preset) > 1 else []


def distinct(names: Sequence[str], members: Iterable[Iterable[str]]) -> list[str]:
    """Names, those that occur twice with what they stand for.

    Example:
        >>> distinct(["a", "a", "b"], [["x", "y"], ["z"], ["w"]])
        ['a (x, y)', 'a (z)', 'b']
    """
    return [
        f"{name} ({', '.join(of)})" if names.count(name) > 1 else name
        for name, of in zip(names, members, strict=True)
    ]


def digits_of(metric: Metric) -> int:
    """Decimals that a metric's values are shown with: one for per cents, three for fractions."""
    return 1 if abs(metric.best - metric.worst) >= 50 else 3


def difference_entries(found: PairedDifference) -> list[Entry]:
    """Mean, low, high, separable, videos and seeds of a paired difference."""
    return [
        *(_signed(value) for value in (found.mean, found.low, found.high)),
        words("yes") if found.excludes_zero else words("not separable", "unsure"),
        number(found.n, 0),
        number(found.seeds, 0),
    ]


def _signed(value: float) -> Entry:
    return Entry(value, signed(value)) if math.isfinite(value) else ABSENT


def shades(column: Column) -> dict[str, float]:
    """Place of each model in a column, from -1 (worst) to 1 (best), by rank; ties are alike.

    A single model has the middle's.

    The thesis colours its tables so: relative ranking within each column, red to blue.
    """
    order = ranks(column, "average")
    if len(order) < 2:
        return dict.fromkeys(order, 0.0)
    last = len(order) - 1
    return {model: 1.0 - 2.0 * (rank - 1.0) / last for model, rank in order.items()}
