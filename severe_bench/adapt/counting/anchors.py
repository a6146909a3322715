"""Anchors: from true lengths to targets of the heads, and from outputs to lengths."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from severe_bench.adapt.counting.states import Floats, Frames, States, cycle_lengths
from severe_bench.data.repetitions import UNKNOWN

Outputs = NDArray[np.float32]
"""(N, 2, 3, A): per side and anchor two logits (no, yes) and a box."""

NO, YES, BOX = 0, 1, 2


def targets(
    states: States, offsets: Frames, anchors: Sequence[float], overlap: float
) -> NDArray[np.float32]:
    """What the heads should say of each state: (N, 2, 2, A) classes and boxes.

    Args:
        states: (N, 3).
        offsets: (N, 2) of the left cycle's last frame to the previous phase, and of the right
            cycle's first frame to the next one; `UNKNOWN` ignores all anchors of that side.
        anchors: lengths in those of the state's cycles.
        overlap: the shorter of anchor and true length over the longer that makes it positive.

    Returns:
        Classes 1, 0 or -1 (ignored), and the boxes of the positive ones, elsewhere NaN.
    """
    true = (offsets + 1.0)[:, :, None]
    guesses = cycle_lengths(states)[:, :, None] * np.asarray(anchors)
    known = np.broadcast_to(offsets[:, :, None] != UNKNOWN, guesses.shape)
    positive = known & (np.minimum(true, guesses) / np.maximum(true, guesses) >= overlap)
    classes = np.where(known, positive, UNKNOWN)
    boxes = np.full(guesses.shape, np.nan)
    np.log(true / guesses, out=boxes, where=positive)
    return np.stack([classes, boxes], axis=2).astype(np.float32)


def offsets_at(states: Frames, table: Frames, frames: Frames) -> Frames:
    """The offsets (N, 2) that a state is held against.

    Args:
        states: (N, 3).
        table: (N, T, 2): next and previous offsets of every frame of its clip.
        frames: (N,) lengths of the clips; frames beyond are `UNKNOWN`.
    """
    middle = states[:, 1]
    previous = _at(table[:, :, 1], middle, frames)
    following = _at(table[:, :, 0], middle + 1, frames)
    return np.stack([previous, following], axis=1)


def _at(table: Frames, places: Frames, frames: Frames) -> Frames:
    inside = (places >= 0) & (places < frames)
    found = table[np.arange(len(table)), np.where(inside, places, 0)]
    return np.where(inside, found, UNKNOWN)


def best_ratios(outputs: Outputs, anchors: Sequence[float], clamp: float) -> Floats:
    """True over estimated length as the likeliest anchor of each side says: (N, 2).

    Args:
        outputs: (N, 2, 3, A).
        anchors: as in training.
        clamp: largest box, either way.
    """
    best = (outputs[:, :, YES] - outputs[:, :, NO]).argmax(axis=2)[:, :, None]
    boxes = np.take_along_axis(outputs[:, :, BOX], best, axis=2).astype(np.float64)
    ratios = np.exp(np.clip(boxes, -clamp, clamp)) * np.asarray(anchors)[best]
    return np.asarray(ratios[:, :, 0], dtype=np.float64)
