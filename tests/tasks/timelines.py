"""Annotated videos that nobody opens."""

from pathlib import Path

from severe_bench.core.extras import DURATION, SPANS, Span
from severe_bench.core.record import Dataset, Record

DATASET = Dataset("meals", Path(), ("cut", "stir", "pour"), ())


def video(duration: float, *spans: tuple[int, float, float], name: str = "v") -> Record:
    """Spans are (class id, start, end)."""
    extras = {**DURATION.set(duration), **SPANS.set(tuple(Span(*span) for span in spans))}
    return Record(name, f"{name}.avi", None, "test", extras=extras)
