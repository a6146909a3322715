"""A row for every video, whose views are its snippets: one vector for each stretch of time."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from severe_bench.adapt.unit import Extraction, Unit
from severe_bench.tasks.timeline import snippets

if TYPE_CHECKING:
    from severe_bench.adapt.parts import Rows


def _blocks(extraction: Extraction, first: int) -> "Iterator[Rows]":
    from severe_bench.adapt.timeline.features import timeline_blocks

    return timeline_blocks(extraction, first)


TIMELINE = Unit("timeline", _blocks, train_views="test", clips=snippets)
