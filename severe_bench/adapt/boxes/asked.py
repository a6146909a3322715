"""The boxes that a network is asked about."""

from collections.abc import Sequence

from severe_bench.core.extras import BOXES, PROPOSALS, Box, Proposal
from severe_bench.core.record import Record

Corners = tuple[float, float, float, float]


def asked(record: Record) -> tuple[Corners, ...]:
    """Of a frame or of a row."""
    found: Sequence[Box | Proposal] = (
        BOXES.of(record) if record.split == "train" else PROPOSALS.of(record)
    )
    return tuple((box.x1, box.y1, box.x2, box.y2) for box in found)
