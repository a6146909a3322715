"""How many frames a dataset asks for (thesis Eq. B.1, Figure B.12)."""

from collections.abc import Mapping

import numpy as np

ALPHA = 1.0
"""Per cent: a frame more that brings less than this brings nothing."""


def temporal_awareness(scores: Mapping[int, float], alpha: float = ALPHA) -> int | None:
    """The first number of frames after which one more brings less than `alpha` per cent.

    tau = min {t : 100 (f(t+1) - f(t)) / f(t) < alpha}, f interpolated linearly between the numbers
    of frames that were tried (thesis Eq. B.1, which writes argmin for this).

    Args:
        scores: number of frames -> score, higher is better and above zero; two or more.
        alpha: in per cent of the score.

    Returns:
        tau, or None where the score still rises by `alpha` at the largest number tried.

    Raises:
        ValueError: fewer than two numbers of frames, or a score that is not above zero.

    Example:
        >>> temporal_awareness({1: 50.0, 4: 56.0, 16: 57.0})
        4
    """
    if len(scores) < 2:
        raise ValueError("temporal awareness needs two numbers of frames or more")
    frames = sorted(scores)
    if min(scores.values()) <= 0:
        raise ValueError("scores must be above zero: the improvement is relative")
    every = np.arange(frames[0], frames[-1] + 1)
    values = np.interp(every, frames, [scores[count] for count in frames])
    gains = 100.0 * np.diff(values) / values[:-1]
    flat = np.flatnonzero(gains < alpha)
    return int(every[flat[0]]) if len(flat) else None
