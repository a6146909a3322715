"""Where Table 5.8 as computed differs from print, and why."""

from collections.abc import Sequence
from dataclasses import dataclass

from severe_bench.published.table_5_8 import Line

HALF_OF_LAST_DIGIT = 0.05 + 1e-9  # print has one decimal; the rest is float rounding
MEAN_REASON = "the eight printed cells give another one"
RANK_REASON = "print takes the UCF-RC error as higher-is-better"


@dataclass(frozen=True)
class Difference:
    """A printed summary that its own cells do not give.

    Args:
        model: whose.
        quantity: `mean` or `average rank`.
        printed, computed: the two values.
        reason: why they differ.
    """

    model: str
    quantity: str
    printed: float
    computed: float
    reason: str


def differences(lines: Sequence[Line]) -> list[Difference]:
    """Means and average ranks that do not round to what is printed.

    Args:
        lines: `table_5_8.lines()`; of `lines_ranked_as_printed()` only the means differ.
    """
    found = [
        pair
        for line in lines
        for pair in (
            Difference(line.model, "mean", line.mean_printed, line.mean, MEAN_REASON),
            Difference(
                line.model,
                "average rank",
                line.average_rank_printed,
                line.average_rank,
                RANK_REASON,
            ),
        )
    ]
    return [pair for pair in found if abs(pair.printed - pair.computed) > HALF_OF_LAST_DIGIT]
