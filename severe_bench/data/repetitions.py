"""Repetitions of an action: their boundaries, and how far each frame is from its neighbours' phase.

Zhang et al., Context-aware and Scale-insensitive Temporal Repetition Counting, CVPR 2020, section
3.1; the rule in detail is that of the label archive of UCFRep.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from severe_bench.core.extras import STARTS, STOP
from severe_bench.core.record import Record

Frames = NDArray[np.int64]
Floats = NDArray[np.float64]

UNKNOWN = -1
"""Offset of a frame whose neighbouring cycle is missing or too different."""
LARGEST_RATIO = 1.3
LARGEST_DIFFERENCE = 2
"""Neighbouring cycles differ too much if their lengths do by more than both."""


@dataclass(frozen=True)
class Offsets:
    """For every frame the distance to the same phase of the neighbouring cycles.

    Args:
        next: (T,) frames to the same phase of the next cycle, or `UNKNOWN`.
        previous: (T,) frames since the same phase of the previous cycle, or `UNKNOWN`.
    """

    next: Frames
    previous: Frames


def boundaries(record: Record) -> tuple[int, ...]:
    """First frames of all repetitions and the last frame of the last one, 0-based.

    Raises:
        UserError: this dataset has no repetitions.
    """
    return (*STARTS.of(record), STOP.of(record))


def offsets(bounds: Sequence[int] | NDArray[Any]) -> Offsets:
    """Offsets of the frames from the first boundary to the last one, inclusive.

    A phase is a fraction of a cycle, so that within a cycle of m frames before one of r the offset
    goes from m to r. A boundary belongs to the later cycle, the last one to the last cycle. Halves
    round away from zero.

    Args:
        bounds: at least two rising frame numbers, counted from anywhere; any integer type.

    Example:
        >>> offsets([1, 4, 9]).next.tolist(), offsets([1, 4, 9]).previous.tolist()
        ([3, 4, 4, -1, -1, -1, -1, -1, -1], [-1, -1, -1, 3, 3, 4, 4, 5, 5])
    """
    b = np.asarray(bounds, dtype=np.int64)
    lengths = np.diff(b)
    frames = np.arange(b[0], b[-1] + 1)
    cycle = np.minimum(np.searchsorted(b, frames, side="right"), len(lengths)) - 1
    since = frames - b[cycle]
    own = lengths[cycle]
    following = np.append(lengths[1:], 0)[cycle]
    preceding = np.insert(lengths[:-1], 0, 0)[cycle]
    ahead = since / own * following + b[cycle + 1] - frames
    behind = since + preceding - since / own * preceding
    return Offsets(_known(ahead, own, following), _known(behind, own, preceding))


def _known(offset: Floats, own: Frames, other: Frames) -> Frames:
    """Rounded offsets; `UNKNOWN` where the other cycle is missing (length 0) or too different."""
    longer, shorter = np.maximum(own, other), np.minimum(own, other)
    with np.errstate(divide="ignore"):
        unlike = (longer - shorter > LARGEST_DIFFERENCE) & (longer / shorter > LARGEST_RATIO)
    rounded = (np.sign(offset) * np.floor(np.abs(offset) + 0.5)).astype(np.int64)
    return np.where(unlike | (other == 0), UNKNOWN, rounded)
