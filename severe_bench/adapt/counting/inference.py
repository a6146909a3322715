"""Counting one video: which states a network is asked about, and what follows from its answers.

A reading is a generator: it yields states (N, 3) and is sent the outputs (N, 2, 3, A) of the
windows around them. It sees no pixels, so readings of several videos can go on side by side.
Arrays of states are whole-numbered, and storing truncates, as in the released code.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from severe_bench.adapt.counting.anchors import BOX, NO, YES, Outputs, best_ratios
from severe_bench.adapt.counting.rollout import scale
from severe_bench.adapt.counting.states import (
    SHORTEST,
    Floats,
    Frames,
    States,
    cycle_lengths,
    too_short,
    truncated,
    window,
)
from severe_bench.tasks.counting import CountingOptions

BOX_CLAMP = 0.5
"""Largest box that testing follows."""
FEWEST = 2
"""Cycles that a video is taken to have, at least."""
REFINEMENTS = 4
"""Of the length found at the centre."""
TURNS = {1: 4, 2: 2}
"""How often a place is looked at on the coarser levels; on the others once."""
COPIED = 2
"""Up to this level, and on the last one, places do not keep what their neighbour said."""


Reading = Generator[States, Outputs, Floats]


def reading(frames: int, options: CountingOptions) -> Reading:
    """Read a video of `frames` frames: one length at its centre, then places from coarse to fine.

    Only places whose windows lie inside the video are used; without any, the length at the centre.

    Returns:
        (V,) repetitions per frame at the V usable places, at least one.
    """
    length = yield from _refined(frames, (yield from _searched(frames, options)), options)
    places = 2 ** (options.levels + 1)
    middles = truncated(frames / (places + 1) * (np.arange(places) + 0.5))
    states = _around(middles, length)
    copies = _Copies(states, states)
    for level in range(1, options.levels + 1):
        copies = yield from _descended(copies, level, frames, options)
    return _frequencies(copies.mean(), frames, length, options.context)


def together(
    readings: Sequence[Reading], predict: Callable[[Sequence[States]], Sequence[Outputs]]
) -> list[tuple[Floats, int]]:
    """Run readings of several videos side by side.

    Args:
        readings: all with the same options, so that they ask equally often.
        predict: states that each reading asks about -> outputs for each.

    Returns:
        For each video its frequencies, and the number of windows that were looked at.
    """
    asked = [next(reading) for reading in readings]
    windows = [0] * len(readings)
    while True:
        windows = [sum_ + len(states) for sum_, states in zip(windows, asked, strict=True)]
        steps = [_step(*pair) for pair in zip(readings, predict(asked), strict=True)]
        found = [step.found for step in steps if step.found is not None]
        if found:
            return list(zip(found, windows, strict=True))
        asked = [step.asked for step in steps if step.asked is not None]


@dataclass(frozen=True)
class _Step:
    """What a reading does next: ask again, or end."""

    asked: States | None = None
    found: Floats | None = None


def _step(reading: Reading, outputs: Outputs) -> _Step:
    try:
        return _Step(asked=reading.send(outputs))
    except StopIteration as end:
        return _Step(found=end.value)


def _searched(frames: int, options: CountingOptions) -> Generator[States, Outputs, int]:
    """The likeliest length at the centre, 0 if none fits."""
    numbers = np.arange(options.scales, dtype=np.float64)
    lengths = frames * scale(numbers, options.scales, options.scale_range)
    outputs = yield _around(np.full(len(lengths), frames / 2), lengths)
    refined = lengths * _own_ratio(outputs, options)
    fits = _fits(refined, frames)
    if not fits.any():
        return 0
    anchor = _own_anchor(options)
    certainty = outputs[:, 0, YES, anchor] - outputs[:, 0, NO, anchor]
    return int(refined[np.where(fits, certainty, -np.inf).argmax()])


def _refined(frames: int, length: int, options: CountingOptions) -> Generator[States, Outputs, int]:
    """The length at the centre, moved half-way to what is predicted, four times."""
    for _ in range(REFINEMENTS):
        outputs = yield _around(np.array([frames / 2]), length)
        predicted = length * _own_ratio(outputs, options)
        if _fits(predicted, frames)[0]:
            length = round((length + float(predicted[0])) / 2)
    return length


def _own_anchor(options: CountingOptions) -> int:
    """The anchor of the estimated length itself, or the one next to it."""
    return int(np.abs(np.log(options.anchors)).argmin())


def _own_ratio(outputs: Outputs, options: CountingOptions) -> Floats:
    """True over estimated length as the left head's own anchor says: (N,)."""
    anchor = _own_anchor(options)
    boxes = np.clip(outputs[:, 0, BOX, anchor].astype(np.float64), -BOX_CLAMP, BOX_CLAMP)
    return np.asarray(np.exp(boxes) * options.anchors[anchor])


def _fits(lengths: Floats, frames: int) -> NDArray[np.bool_]:
    return np.asarray((lengths >= SHORTEST) & (lengths < frames / FEWEST))


def _around(middles: States, length: "float | Floats") -> States:
    return np.stack([middles - length, middles, middles + length + 1], axis=1)


@dataclass(frozen=True)
class _Copies:
    """States (P, 3) of all places, as the node to the left and the one to the right see them."""

    left: States
    right: States

    def mean(self) -> Frames:
        """Both together, halves rounded to even."""
        return np.rint((self.left + self.right) / 2).astype(np.int64)


def _descended(
    copies: _Copies, level: int, frames: int, options: CountingOptions
) -> Generator[States, Outputs, _Copies]:
    """Look at the nodes of one level, and hand what is found to the places around each."""
    nodes = 2**level
    reach = 2 ** (options.levels - level)
    node_of = np.arange(len(copies.left)) // (2 * reach)
    centres = reach + 2 * reach * np.arange(nodes)
    found = yield from _looked(copies.mean()[centres], TURNS.get(level, 1), frames, options)
    middles = copies.left[:, 1]
    shift = middles - copies.left[centres, 1][node_of]
    handed = truncated(found[node_of] + shift[:, None])
    if level <= COPIED or level == options.levels:
        return _Copies(handed, handed)
    before = np.arange(len(middles)) < centres[node_of]
    keeps_left = before & (node_of > 0)
    keeps_right = ~before & (node_of < nodes - 1)
    return _Copies(
        np.where(keeps_left[:, None], copies.left, handed),
        np.where(keeps_right[:, None], copies.right, handed),
    )


def _looked(
    states: Frames, turns: int, frames: int, options: CountingOptions
) -> Generator[States, Outputs, States]:
    """States (N, 3) half-way between the last ones and what is predicted there."""
    mixed: States = states
    for _ in range(turns):
        states = np.rint(mixed).astype(np.int64)
        outputs = yield states
        stepped = _stepped(states, outputs, frames, options)
        mixed = (stepped + states) / 2
    return mixed


def _stepped(states: Frames, outputs: Outputs, frames: int, options: CountingOptions) -> Frames:
    """States with the predicted lengths; those with a cycle that is too short stay."""
    ratios = best_ratios(outputs, options.anchors, BOX_CLAMP)
    lengths = np.minimum(np.maximum(cycle_lengths(states) * ratios, SHORTEST), frames / FEWEST)
    middles = states[:, 1]
    left, right = truncated(middles - lengths[:, 0] + 1), truncated(middles + lengths[:, 1])
    stepped = np.stack([left, middles, right], axis=1)
    return np.where(too_short(stepped)[:, None], states, stepped)


def _frequencies(states: Frames, frames: int, length: int, context: float) -> Floats:
    """Repetitions per frame at the places whose windows lie inside, else at the centre."""
    ends = window(states, 4, context)
    inside = (ends[:, 0] >= 0) & (ends[:, -1] < frames)
    if not inside.any():
        return np.array([1 / (length + 1)])
    return np.asarray((1 / cycle_lengths(states[inside])).mean(axis=1))
