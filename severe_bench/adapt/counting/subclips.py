"""Parts of training videos, at least one whole cycle each: what rollouts run through."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from severe_bench.adapt.counting.states import Frames
from severe_bench.core.errors import UserError
from severe_bench.core.record import Record
from severe_bench.data.repetitions import boundaries, offsets

SUBCLIPS = 4
"""Stream of random numbers for the choice of sub-clips, beside those of `data.reading`."""


@dataclass(frozen=True)
class Subclip:
    """A part of a training video.

    Args:
        video: number of its record.
        first: its first frame in the whole video.
        offsets: (T, 2): next and previous offsets of its frames.
        count: cycles that it touches, before it was cut.
    """

    video: int
    first: int
    offsets: Frames
    count: int

    @property
    def frames(self) -> int:
        """Length in frames."""
        return len(self.offsets)


def draw_subclips(
    records: Sequence[Record], per_video: int, cut: int, seed: int
) -> tuple[Subclip, ...]:
    """`per_video` sub-clips of each record; what they are depends on its number and the seed only.

    Records of a single repetition give none: they have no neighbouring cycle to learn from.

    Raises:
        UserError: no record has two repetitions.
    """
    found = tuple(
        _draw(number, boundaries(record), cut, rng)
        for number, record in enumerate(records)
        for rng in [np.random.default_rng([seed, SUBCLIPS, number])]
        for _ in range(per_video if len(boundaries(record)) > 2 else 0)
    )
    if not found:
        mend = "give it a larger budget, or a dataset with repetitions"
        raise UserError("no training video has two repetitions", mend=mend)
    return found


def _draw(video: int, bounds: Sequence[int], cut: int, rng: np.random.Generator) -> Subclip:
    """From within a cycle, or the first boundary, to within one at least two later, or the last."""
    count = len(bounds)
    begin = int(rng.integers(count - 2))
    end = int(rng.integers(begin + 2, count + 1))
    inside = [(bounds[max(place - 1, 0)], bounds[min(place, count - 1)]) for place in (begin, end)]
    first, last = (int(rng.integers(low, high, endpoint=True)) for low, high in inside)
    last = min(last, first + cut - 1)
    found = offsets(bounds)
    table = np.stack([found.next, found.previous], axis=1)
    part = table[first - bounds[0] : last - bounds[0] + 1]
    return Subclip(video, first, part, end - begin)
