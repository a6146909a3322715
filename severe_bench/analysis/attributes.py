"""What a dataset is like beside a pretraining set, as far as its annotations say (thesis B.5)."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from severe_bench.core.extras import SPANS
from severe_bench.core.record import Dataset, Record


@dataclass(frozen=True)
class DatasetAttributes:
    """Attributes that need no video.

    Args:
        label_overlap: share of the classes that the pretraining set has too, by name, in [0, 1].
        action_length: mean length of the annotated actions in seconds, None where no times are.
        classes: how many.
        train: training samples.
        test: test samples.
    """

    label_overlap: float
    action_length: float | None
    classes: int
    train: int
    test: int


def attributes_of(dataset: Dataset, source: Sequence[str]) -> DatasetAttributes:
    """Compute them from class names and annotated times.

    Args:
        dataset: the downstream set.
        source: class names of the pretraining set. Names are compared without case and signs;
            reworded classes (`head massage`, `massaging person's head`) are not found, which the
            thesis matched by hand, so the overlap is a lower bound of its own.
    """
    theirs = {_plain(name) for name in source}
    shared = sum(_plain(name) in theirs for name in dataset.classes)
    lengths = [length for record in dataset.records for length in _lengths(record)]
    return DatasetAttributes(
        shared / max(1, len(dataset.classes)),
        fmean(lengths) if lengths else None,
        len(dataset.classes),
        len(dataset.of("train")),
        len(dataset.of("test")),
    )


def _lengths(record: Record) -> Sequence[float]:
    if SPANS.name in record.extras:
        return [span.end - span.start for span in SPANS.of(record)]
    if record.start is not None and record.end is not None:
        return [record.end - record.start]
    return []


def _plain(name: str) -> str:
    """Class names are written `BasketballDunk`, `basketball_dunk` and `dunking basketball`."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return " ".join(re.findall(r"[a-z0-9]+", spaced.casefold()))
