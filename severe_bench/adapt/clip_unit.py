"""A row for every video: one vector for each of its clips."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from severe_bench.adapt.unit import Extraction, Unit

if TYPE_CHECKING:
    from severe_bench.adapt.parts import Rows


def _blocks(extraction: Extraction, first: int) -> "Iterator[Rows]":
    from severe_bench.adapt.clip_features import clip_blocks

    return clip_blocks(extraction, first)


CLIP = Unit("clip", _blocks)
