"""A row for every video forwards and another one backwards: one vector for each of its clips."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from severe_bench.adapt.unit import Extraction, Unit
from severe_bench.core.extras import REVERSED
from severe_bench.core.record import Record

if TYPE_CHECKING:
    from severe_bench.adapt.parts import Rows

NAMES = {False: "forward", True: "backward"}


def both_ways(records: Sequence[Record], _: Mapping[str, Any]) -> tuple[Record, ...]:
    """Each record twice: `NAME|forward`, then `NAME|backward`, resampled together."""
    return tuple(_played(record, way) for record in records for way in NAMES)


def _played(record: Record, way: bool) -> Record:
    return replace(
        record,
        sample=f"{record.sample}|{NAMES[way]}",
        group=record.together,
        extras={**record.extras, **REVERSED.set(way)},
    )


def _blocks(extraction: Extraction, first: int) -> "Iterator[Rows]":
    from severe_bench.adapt.clip_features import clip_blocks

    return clip_blocks(extraction, first)


CLIP_BOTH_WAYS = Unit("clip_both_ways", _blocks, both_ways)
