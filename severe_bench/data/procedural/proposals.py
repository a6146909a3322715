"""What a detector of middling skill would find: the true boxes, a little off, and false alarms."""

from collections.abc import Sequence

import numpy as np

from severe_bench.core.extras import Proposal
from severe_bench.data.procedural.samples import Corners

JITTER = 0.08
"""Deviation of each side, as a share of the box's width or height."""
UNSURE = 0.1
"""How often a person's score is drawn from .5 on."""
FALSE_ALARMS = 2
"""At most."""


def detections(truth: Sequence[Corners], rng: np.random.Generator) -> tuple[Proposal, ...]:
    """Draw proposals: each true box once, mostly scored above .9, and false ones, mostly below.

    Args:
        truth: boxes in fractions of the frame.
        rng: source of randomness.
    """
    found = [_jittered(box, rng) for box in truth]
    found += [_false_alarm(rng) for _ in range(int(rng.integers(0, FALSE_ALARMS + 1)))]
    return tuple(sorted(found, key=lambda proposal: -proposal.score))


def _jittered(box: Corners, rng: np.random.Generator) -> Proposal:
    x1, y1, x2, y2 = box
    sizes = np.array([x2 - x1, y2 - y1, x2 - x1, y2 - y1])
    off = np.clip(rng.normal(0, JITTER, 4), -0.2, 0.2) * sizes
    low = 0.5 if rng.random() < UNSURE else 0.9
    return _proposal(np.asarray(box) + off, rng.uniform(low, 1.0))


def _false_alarm(rng: np.random.Generator) -> Proposal:
    centre, half = rng.uniform(0.15, 0.85, 2), rng.uniform(0.08, 0.2, 2)
    return _proposal(np.concatenate([centre - half, centre + half]), rng.uniform(0.3, 0.95))


def _proposal(sides: np.ndarray, score: float) -> Proposal:
    x1, y1, x2, y2 = (round(float(side), 5) for side in np.clip(sides, 0, 1))
    return Proposal(x1, y1, x2, y2, round(score, 4))
