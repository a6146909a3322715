"""What must be known about single numbers: missing data, states chosen on the test set."""

from collections.abc import Sequence

from severe_bench.analysis.harvest import Measured
from severe_bench.analysis.study import Study
from severe_bench.report.table import Head, Table, number, words
from severe_bench.report.tables.common import EXPERIMENT, MODEL, table

INCOMPLETE, BEST_ON_TEST = "†", "‡"
LEGEND = (
    f" {INCOMPLETE}: videos were missing. {BEST_ON_TEST}: best on test, the state was chosen by "
    "the test set, so the number is too good."
)


def marks(cells: Sequence[Measured]) -> str:
    """Signs behind a number, empty where nothing is the matter."""
    incomplete = INCOMPLETE if any(cell.lacking for cell in cells) else ""
    chosen = BEST_ON_TEST if any(cell.selected_on == "test" for cell in cells) else ""
    return incomplete + chosen


def legend(study: Study) -> str:
    """What the signs mean, where there are any."""
    found = marks(study.harvest.measured)
    return LEGEND if found else ""


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
        if marks([cell])
    ]
    caption = "Missing videos count as if the dataset were smaller: the test set is another one."
    return table("caveats", "Cells with a caveat", caption, heads, rows)
