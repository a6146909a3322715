"""Training states: where a sub-clip's rollout starts and where it goes next.

Every draw is given as a number in [0, 1), so that all of this is a pure function.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from severe_bench.adapt.counting.states import (
    Floats,
    Frames,
    cycle_lengths,
    too_short,
    truncated,
)

DRAWS = 5
"""Numbers drawn for each sub-clip and step."""


@dataclass(frozen=True)
class Extents:
    """What the states of N sub-clips depend on.

    Args:
        frames: (N,) lengths of the sub-clips.
        cycles: (N,) lengths of their first cycles; where unknown, frames over repetitions.
        means: (N,) frames over repetitions.
        scales: number of the lengths that are tried at a video's centre in testing.
        scale_range: shortest and longest of them, as parts of the video.
    """

    frames: Frames
    cycles: Floats
    means: Floats
    scales: int
    scale_range: tuple[float, float]


def initial(extents: Extents, draws: Floats) -> Frames:
    """First states (N, 3), both cycles inside the sub-clip.

    The left cycle starts within the first one, and its length is one of four times the true one
    times 2 ** U(-1, 1), as often the true one, its half or its double, give or take a twentieth
    of the true one, else one of the lengths that testing tries. One that does not fit gives way to
    the mean cycle at the start, and that, if need be, to half of the sub-clip.

    Args:
        extents: of the sub-clips.
        draws: (N, at least 4) in [0, 1).
    """
    first = truncated(draws[:, 0] * extents.cycles)
    length = _first_length(extents, draws)
    last = np.maximum(first + truncated(length - 1), first).astype(np.float64)
    left = np.where(last >= extents.frames, 0, first)
    last = np.where(last >= extents.frames, extents.means - 1, last)
    beyond = 2 * last + 1 >= extents.frames
    left = np.where(beyond, 0, left)
    middle = truncated(np.where(beyond, extents.frames / 2 - 1, last))
    return np.stack([left, middle, 2 * middle - left + 1], axis=1)


def _first_length(extents: Extents, draws: Floats) -> Floats:
    which, one, two = draws[:, 1], draws[:, 2], draws[:, 3]
    stretched = extents.cycles * 2 ** (2 * one - 1)
    doubled = extents.cycles * (2 ** (np.floor(3 * one) - 1) + (two - 0.5) * 0.1)
    tried = extents.frames * scale(
        np.floor(one * (extents.scales + 1)), extents.scales, extents.scale_range
    )
    return np.asarray(np.select([which < 0.25, which > 0.75], [stretched, doubled], tried))


def scale(number: Floats, count: int, scale_range: tuple[float, float]) -> Floats:
    """The number-th of `count` lengths in geometric progression, as parts of a video."""
    low, high = scale_range
    return np.asarray(low * (high / low) ** (number / (count - 1)))


def advance(
    states: Frames, ratios: Floats, extents: Extents, draws: Floats
) -> tuple[Frames, NDArray[np.bool_]]:
    """Next states (N, 3), and which sub-clips have reached their end (N,).

    The middle moves on by a fifth to a twentieth of the sub-clip, the cycles take the predicted
    lengths. A state that is past the end, or has a cycle that is too short, starts anew.

    Args:
        states: (N, 3).
        ratios: (N, 2) true over estimated lengths, as predicted.
        extents: of the sub-clips.
        draws: (N, DRAWS) in [0, 1).
    """
    lengths = cycle_lengths(states) * ratios
    middle = states[:, 1] + truncated(np.maximum(extents.frames / (5 + 15 * draws[:, 4]), 1))
    left, right = truncated(middle - lengths[:, 0] + 1), truncated(middle + lengths[:, 1])
    moved = np.stack([left, middle, right], axis=1)
    ended = middle >= extents.frames
    anew = ended | too_short(moved)
    return np.where(anew[:, None], initial(extents, draws), moved), ended
