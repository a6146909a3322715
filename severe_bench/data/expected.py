"""How many records and classes the official files of a dataset hold."""

from collections.abc import Mapping
from dataclasses import dataclass

from severe_bench.core.record import Split


@dataclass(frozen=True)
class Counts:
    """Of one split.

    Args:
        records: labelled samples, or None where no source states the number.
        classes: class ids that occur, which may be fewer than the dataset has; None as above.
    """

    records: int | None = None
    classes: int | None = None


@dataclass(frozen=True)
class Expected:
    """What complete official files hold, and who says so.

    Args:
        source: paper, table or official page.
        splits: counts by split.
    """

    source: str
    splits: Mapping[Split, Counts]
