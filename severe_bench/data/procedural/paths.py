"""Figures that a centre can trace: pure functions from a stage and a generator to a `Motion`.

The figure, not the place, the size or the pace, tells one from another. Lengths are pixels of a
56-pixel frame and scale with the frame.
"""

import numpy as np

from severe_bench.data.procedural.motions import TAU, along, pace, place, tilt
from severe_bench.data.procedural.scene import FloatArray, Motion, Phase, Stage


def circle(stage: Stage, rng: np.random.Generator) -> Motion:
    """Run 1.2 to 1.6 times around a circle, either way."""
    rounds = rng.uniform(1.2, 1.6)
    turn = tilt(rng) + rng.choice([-1, 1]) * TAU * rounds * pace(stage, rng)
    path = place(rng, 3) + rng.uniform(10, 13) * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    return along("circle", stage, path, angle=tilt(rng), count=rounds)


def zigzag(stage: Stage, rng: np.random.Generator) -> Motion:
    """Cross the frame in 2 or 2.5 straight-edged zigzags."""
    periods = rng.choice([2.0, 2.5])
    progress = pace(stage, rng)
    wave = 4 * np.abs((periods * progress + rng.random()) % 1 - 0.5) - 1
    path = _crossing(rng, progress, 8.0 * wave)
    return along("zigzag", stage, path, angle=tilt(rng), count=periods)


def arcs(stage: Stage, rng: np.random.Generator) -> Motion:
    """Cross the frame in two or three bounds off a floor."""
    bounds = int(rng.integers(2, 4))
    progress = pace(stage, rng)
    height = rng.uniform(15, 19) * np.abs(np.sin(np.pi * bounds * progress))
    path = _crossing(rng, progress, 8.0 - height)
    return along("arcs", stage, path, angle=tilt(rng), count=bounds)


def figure_eight(stage: Stage, rng: np.random.Generator) -> Motion:
    """Trace a lying eight 1 to 1.3 times, either way."""
    rounds = rng.uniform(1.0, 1.3)
    turn = tilt(rng) + rng.choice([-1, 1]) * TAU * rounds * pace(stage, rng)
    loops = np.stack([13 * np.sin(turn), 8 * np.sin(2 * turn)], axis=1)
    return along("figure_eight", stage, place(rng, 3) + loops, angle=tilt(rng), count=rounds)


def pendulum(stage: Stage, rng: np.random.Generator) -> Motion:
    """Hang from a point above and swing 1.5 to 2 periods."""
    periods, length = rng.uniform(1.5, 2.0), rng.uniform(22, 28)
    lean = rng.uniform(0.5, 0.65) * np.sin(tilt(rng) + TAU * periods * pace(stage, rng))
    x, y = place(rng, 3) + np.array([0.0, 5.0])
    path = np.stack([x + length * np.sin(lean), y - length * (1 - np.cos(lean))], axis=1)
    return along("pendulum", stage, path, angle=tilt(rng), count=periods)


def dash_and_return(stage: Stage, rng: np.random.Generator) -> Motion:
    """Rush out in a straight line, stop, and walk back."""
    last = stage.frames - 1
    turn, leave = round(rng.uniform(0.3, 0.4) * last), round(rng.uniform(0.45, 0.55) * last)
    out = np.interp(np.arange(stage.frames), [0, turn, leave, last], [0, 1, 1, 0])
    heading = tilt(rng)
    step = rng.uniform(24, 28) * np.array([np.cos(heading), np.sin(heading)])
    phases = (
        Phase("dash", 0, turn),
        Phase("wait", turn, leave),
        Phase("return", leave, stage.frames),
    )
    path = place(rng, 3) + (out[:, None] - 0.5) * step
    return along("dash_and_return", stage, path, angle=tilt(rng), phases=phases)


def arc_clockwise(stage: Stage, rng: np.random.Generator) -> Motion:
    """Run along 0.6 to 0.9 of a circle, clockwise."""
    turn = tilt(rng) + TAU * rng.uniform(0.6, 0.9) * pace(stage, rng)
    path = place(rng, 4) + rng.uniform(9, 13) * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    return along("arc_clockwise", stage, path, angle=tilt(rng))


def arc_counter(stage: Stage, rng: np.random.Generator) -> Motion:
    """Run along an arc counter-clockwise: `arc_clockwise` backwards."""
    return arc_clockwise(stage, rng).backwards("arc_counter")


def hops_right(stage: Stage, rng: np.random.Generator) -> Motion:
    """Cross the frame to the right in two or three hops."""
    hops = int(rng.integers(2, 4))
    progress = pace(stage, rng)
    height = rng.uniform(8, 14) * np.abs(np.sin(np.pi * hops * progress))
    x = 27.5 + rng.uniform(-4, 4) + rng.uniform(18, 25) * (progress - 0.5)
    path = np.stack([x, rng.uniform(30, 37) - height], axis=1)
    return along("hops_right", stage, path, angle=tilt(rng), count=hops)


def hops_left(stage: Stage, rng: np.random.Generator) -> Motion:
    """Hop to the left: `hops_right` backwards."""
    return hops_right(stage, rng).backwards("hops_left")


def slalom_down(stage: Stage, rng: np.random.Generator) -> Motion:
    """Wind down the frame in 1 to 1.5 bends."""
    bends = rng.uniform(1.0, 1.5)
    progress = pace(stage, rng)
    y = 27.5 + rng.uniform(-4, 4) + rng.uniform(18, 25) * (progress - 0.5)
    x = rng.uniform(23, 32) + rng.uniform(5, 9) * np.sin(tilt(rng) + TAU * bends * progress)
    return along("slalom_down", stage, np.stack([x, y], axis=1), angle=tilt(rng), count=bends)


def slalom_up(stage: Stage, rng: np.random.Generator) -> Motion:
    """Wind up the frame: `slalom_down` backwards."""
    return slalom_down(stage, rng).backwards("slalom_up")


REVERSED_PAIRS = (
    (arc_clockwise, arc_counter),
    (hops_right, hops_left),
    (slalom_down, slalom_up),
)
"""Figures that, drawn from equal generators, are each other's exact reversal in time."""


def _crossing(rng: np.random.Generator, progress: FloatArray, sideways: FloatArray) -> FloatArray:
    """Cross the frame from either side while moving up and down by `sideways`."""
    x = rng.choice([-1, 1]) * rng.uniform(22, 27) * (progress - 0.5)
    path: FloatArray = place(rng, 3) + np.stack([x, sideways], axis=1)
    return path
