"""Attributes of small datasets, by hand."""

from pathlib import Path

import pytest

from severe_bench.analysis.attributes import attributes_of
from severe_bench.core.extras import SPANS, Span
from severe_bench.core.record import Dataset, Record


def dataset(classes: tuple[str, ...], *records: Record) -> Dataset:
    return Dataset("d", Path(), classes, records)


def test_overlap_is_by_plain_names() -> None:
    ours = dataset(("BasketballDunk", "head_massage", "Juggling balls", "Typing"))
    source = ("juggling balls", "basketball dunk", "massaging person's head")
    assert attributes_of(ours, source).label_overlap == 0.5


def test_action_length_is_the_mean_of_annotated_times() -> None:
    trimmed = Record("a", "a.mp4", 0, "train", start=1.0, end=3.0)
    spans = SPANS.set((Span(0, 0.0, 4.0), Span(1, 2.0, 8.0)))
    long = Record("b", "b.mp4", None, "test", extras=spans)
    found = attributes_of(dataset(("x",), trimmed, long), ())
    assert found.action_length == pytest.approx((2 + 4 + 6) / 3)
    assert (found.train, found.test, found.classes) == (1, 1, 1)


def test_without_times_the_length_is_unknown() -> None:
    found = attributes_of(dataset(("x",), Record("a", "a.mp4", 0, "train")), ("x",))
    assert found.action_length is None
    assert found.label_overlap == 1.0
