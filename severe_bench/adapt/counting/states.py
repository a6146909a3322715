"""States and the windows around them: where a network looks, in frames.

A state (lp, mp, rp) is a guess of two neighbouring cycles: [lp, mp] and [mp + 1, rp]. States are
(N, 3); whole-numbered but for the search at a video's centre, which may lie between two frames.
"""

import numpy as np
from numpy.typing import NDArray

Frames = NDArray[np.int64]
Floats = NDArray[np.float64]
States = Frames | Floats

SHORTEST = 4
"""Frames of the shortest cycle that is believed."""


def truncated(values: States) -> Frames:
    """Towards zero, as an integer array stores them."""
    return np.trunc(values).astype(np.int64)


def cycle_lengths(states: States) -> States:
    """Lengths (N, 2) of the cycle before and the one after."""
    left, middle, right = states.T
    return np.stack([middle - left + 1, right - middle], axis=1)


def too_short(states: States) -> NDArray[np.bool_]:
    """Whether either cycle is shorter than `SHORTEST` frames: (N,)."""
    return np.asarray((cycle_lengths(states) < SHORTEST).any(axis=1))


def window(states: States, frames: int, context: float) -> Frames:
    """The frames that a network sees around each state: (N, frames), some of them outside.

    Half of them are spread over the left cycle and its context before, half over the right cycle
    and its context after.

    Args:
        states: (N, 3).
        frames: even, at least 4.
        context: length of what is seen beside each cycle, in its length.

    Example:
        >>> window(np.array([[10, 19, 29]]), 8, 1.0).tolist()
        [[0, 6, 13, 19, 20, 26, 33, 39]]
    """
    left, middle, right = states.T
    first_right = truncated(middle + 1)
    reach_left = truncated(left - (middle - left + 1) * context)
    reach_right = truncated(right + (right - first_right + 1) * context)
    half = frames // 2
    before = _spread(reach_left, truncated(middle), half)
    after = _spread(first_right, reach_right, half)
    return np.concatenate([before, after], axis=1)


def _spread(first: Frames, last: Frames, count: int) -> Frames:
    """`count` frames from first to last, halves rounded to even: (N, count)."""
    low, high = first[:, None], last[:, None]
    places = low - 0.5 + np.arange(count) * ((high - low + 1) / (count - 1))
    clamped: Frames = np.clip(np.rint(places).astype(np.int64), low, high)
    return clamped
