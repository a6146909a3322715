"""What must be known about single numbers: missing data or seeds, states chosen on the test set."""

from collections.abc import Iterable, Sequence

from severe_bench.analysis.harvest import (
    BEST_ON_TEST,
    FEWER_SEEDS,
    INCOMPLETE,
    SIGNS,
    signs_of,
)
from severe_bench.analysis.ranking import Column
from severe_bench.analysis.study import Study
from severe_bench.report.table import Entry, Head, Table, number, words
from severe_bench.report.tables.common import EXPERIMENT, MODEL, table

CAVEATS = Head("caveats", "Caveats")
MEANINGS = {
    INCOMPLETE: "videos were missing",
    BEST_ON_TEST: "best on test, the state was chosen by the test set, so the number is too good",
    FEWER_SEEDS: "a mean over fewer seeds than were planned or than another model has; differences "
    "and tests are over common seeds",
}


def explained(signs: str) -> str:
    """What signs mean, in their order; empty where there are none.

    Example:
        >>> explained("†")
        ' †: videos were missing.'
    """
    return "".join(f" {sign}: {text}." for sign, text in MEANINGS.items() if sign in signs)


def legend_of(rows: Iterable[Sequence[Entry]]) -> str:
    """What the signs that stand in these rows mean: no other ones are explained."""
    return explained("".join(entry.text for row in rows for entry in row))


def signs_in(columns: Iterable[Column], *models: str) -> str:
    """Signs behind a number that some models have from some experiments."""
    found = {sign for column in columns for model in models for sign in column.signs.get(model, "")}
    return "".join(sign for sign in SIGNS if sign in found)


def caveat_entry(columns: Iterable[Column], *models: str) -> Entry:
    """The same as an entry of a column of its own, which names the experiments for CSV.

    Example:
        >>> from severe_bench.core.metric import Metric
        >>> top1 = Metric("top1", "top-1", "%", 0.0, 100.0)
        >>> near = Column("near", "standard", top1, {"a": 50.0}, {"a": "‡"})
        >>> caveat_entry([near], "a").value, caveat_entry([near], "a").text
        ('near ‡', '‡')
    """
    known = [column for column in columns if column.signs]
    named = [(c.experiment, sign) for c in known if (sign := signs_in([c], *models))]
    value = ", ".join(f"{experiment} {sign}" for experiment, sign in named)
    return Entry(value, signs_in(known, *models))


def caveats(study: Study) -> Table:
    """Every cell with a caveat."""
    heads = [
        MODEL,
        EXPERIMENT,
        Head("seed", "Seed", numeric=True),
        Head("missing_train", "Training videos missing", numeric=True),
        Head("missing_test", "Test videos missing", numeric=True),
        Head("selected_on", "State chosen on"),
    ]
    rows = [
        [
            words(cell.label.model),
            words(cell.column),
            number(cell.label.seed, 0),
            number(cell.missing.get("train", 0), 0),
            number(cell.missing.get("test", 0), 0),
            words(cell.selected_on or "nothing: the last state"),
        ]
        for cell in study.harvest.measured
        if signs_of([cell])
    ]
    caption = "Missing videos count as if the dataset were smaller: the test set is another one."
    return table("caveats", "Cells with a caveat", caption, heads, rows)
