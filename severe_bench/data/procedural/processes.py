"""Processes that run down: played backwards they gather speed from nothing.

Pure functions from a stage and a generator to motions. Where they begin, which way they go and how
they are turned is drawn symmetrically, so that the frames of a video, shuffled, say little.
"""

import numpy as np

from severe_bench.data.procedural.motions import TAU, along, place, tilt
from severe_bench.data.procedural.scene import FloatArray, Motion, Stage

GRAVITY = 560.0
"""Pixels of a 56-pixel frame per square of the video's length."""


def drop(stage: Stage, rng: np.random.Generator) -> tuple[Motion, ...]:
    """Fall and bounce, lower each time, while rolling to one side."""
    floor, height = rng.uniform(38, 44), rng.uniform(20, 28)
    rise = _bounces(stage.time, height, rng.uniform(0.66, 0.76), float(rng.uniform(0, 0.6)))
    x = 27.5 + rng.uniform(-8, 8) + rng.uniform(-14, 14) * (stage.time - 0.5)
    path = np.stack([x, floor - rise], axis=1)
    return (along("drop", stage, path, angle=tilt(rng)),)


def slide(stage: Stage, rng: np.random.Generator) -> tuple[Motion, ...]:
    """Glide in any direction, slowed by friction until it stands."""
    heading = tilt(rng)
    way = rng.uniform(26, 34) * np.array([np.cos(heading), np.sin(heading)])
    path = place(rng, 4) + (_spent(stage.time, rng)[:, None] - 0.5) * way
    return (along("slide", stage, path, angle=tilt(rng)),)


def run_down(stage: Stage, rng: np.random.Generator) -> tuple[Motion, ...]:
    """Spin ever more slowly, either way."""
    turns = rng.choice([-1, 1]) * rng.uniform(1.6, 2.4)
    angle = tilt(rng) + TAU * turns * _spent(stage.time, rng)
    return (along("run_down", stage, place(rng), angle=angle),)


def swing_out(stage: Stage, rng: np.random.Generator) -> tuple[Motion, ...]:
    """Swing from side to side, ever less far."""
    fading = np.exp(-rng.uniform(2.2, 3.0) * stage.time)
    swing = fading * np.sin(tilt(rng) + TAU * rng.uniform(2.2, 3.0) * stage.time)
    heading = rng.uniform(-0.4, 0.4)
    path = place(rng, 4) + 17 * swing[:, None] * np.array([np.cos(heading), np.sin(heading)])
    return (along("swing_out", stage, path, angle=tilt(rng)),)


def puff(stage: Stage, rng: np.random.Generator) -> tuple[Motion, ...]:
    """Expand, fast at first, while drifting upwards."""
    spent, drift = _spent(stage.time, rng), rng.uniform(6, 14)
    scale = rng.uniform(0.35, 0.5) + rng.uniform(0.9, 1.2) * spent
    path = place(rng, 5) - np.stack([0 * spent, drift * (spent - 0.5)], axis=1)
    return (along("puff", stage, path, angle=tilt(rng), scale=scale),)


def burst(stage: Stage, rng: np.random.Generator) -> tuple[Motion, ...]:
    """Four to six pieces fly apart and come to rest."""
    pieces, spent = int(rng.integers(4, 7)), _spent(stage.time, rng)
    centre, turned = place(rng, 4), tilt(rng)
    motions = []
    for piece in range(pieces):
        heading = turned + TAU * (piece + rng.uniform(-0.25, 0.25)) / pieces
        way = rng.uniform(13, 21) * np.array([np.cos(heading), np.sin(heading)])
        path = centre + (0.15 + 0.85 * spent[:, None]) * way
        motions.append(along("burst", stage, path, angle=tilt(rng) + rng.uniform(-3, 3) * spent))
    return tuple(motions)


PROCESSES = {maker.__name__: maker for maker in (drop, slide, run_down, swing_out, puff, burst)}
"""The processes by name; `burst` is the one with several things."""


def _spent(time: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Progress from 0 to 1 that starts fast and dies away."""
    decay = rng.uniform(2.6, 4.0)
    progress: FloatArray = (1 - np.exp(-decay * time)) / (1 - np.exp(-decay))
    return progress


def _bounces(time: FloatArray, height: float, kept: float, late: float) -> FloatArray:
    """Height over the floor: dropped from `height`, keeping a share of the speed in each bounce.

    Args:
        time: of each frame in [0, 1].
        height: of the fall in pixels.
        kept: restitution in (0, 1).
        late: share of the first fall that is over when the video begins.
    """
    fall = np.sqrt(2 * height / GRAVITY)
    clock = time.astype(float) + late * fall
    rise = np.where(clock < fall, height - GRAVITY * clock**2 / 2, 0.0)
    start, speed = fall, kept * GRAVITY * fall
    while start < clock[-1] and speed > 1:
        since, flight = clock - start, 2 * speed / GRAVITY
        aloft = (since >= 0) & (since < flight)
        rise = np.where(aloft, speed * since - GRAVITY * since**2 / 2, rise)
        start, speed = start + flight, kept * speed
    return rise
