"""Ways of moving: pure functions from a stage and a random generator to a `Motion`.

Lengths are pixels of a 56-pixel frame and scale with the frame. Mirrored-in-time pairs are made by
playing one of the two backwards, so that single frames cannot tell them apart.
"""

from collections.abc import Callable

import numpy as np

from severe_bench.data.procedural.scene import FloatArray, Motion, Phase, Stage

MotionMaker = Callable[[Stage, np.random.Generator], Motion]

TAU = 2 * np.pi


def pace(stage: Stage, rng: np.random.Generator) -> FloatArray:
    """Draw a strictly rising progress from 0 to 1, shape (frames,).

    Its speed swells and ebbs by up to 60% about the mean. The draw is symmetric under reversal of
    time, so the profile alone says nothing about the direction of a motion.
    """
    swell, phase = rng.uniform(-0.6, 0.6), rng.uniform(0, TAU)
    time = stage.time
    progress: FloatArray = time + swell * (np.sin(TAU * time + phase) - np.sin(phase)) / TAU
    return progress.astype(np.float32)


def along(
    kind: str,
    stage: Stage,
    centre: FloatArray,
    *,
    angle: float | FloatArray = 0.0,
    scale: float | FloatArray = 1.0,
    count: float = 0.0,
    phases: tuple[Phase, ...] = (),
) -> Motion:
    """Build a motion from a path in 56-pixel units; single numbers hold for every frame."""
    held = np.ones(stage.frames, np.float32)
    return Motion(
        kind=kind,
        centre=(stage.unit * centre * held[:, None]).astype(np.float32),
        angle=(angle * held).astype(np.float32),
        scale=(scale * held).astype(np.float32),
        count=count,
        phases=phases or (Phase(kind, 0, stage.frames),),
    )


def place(rng: np.random.Generator, reach: float = 6.0) -> FloatArray:
    """Draw a resting place (x, y) within `reach` pixels of the middle, in 56-pixel units."""
    return rng.uniform(27.5 - reach, 27.5 + reach, 2).astype(np.float32)


def tilt(rng: np.random.Generator) -> float:
    """Draw an orientation in radians."""
    return float(rng.uniform(0, TAU))


def _glide(kind: str, stage: Stage, rng: np.random.Generator, heading: FloatArray) -> Motion:
    span = rng.uniform(20, 26)
    across = np.array([-heading[1], heading[0]], np.float32)
    middle = 27.5 + rng.uniform(-3, 3) * heading + rng.uniform(-10, 10) * across
    path = middle + (pace(stage, rng)[:, None] - 0.5) * span * heading
    return along(kind, stage, path, angle=tilt(rng))


def right(stage: Stage, rng: np.random.Generator) -> Motion:
    """Glide to the right."""
    return _glide("right", stage, rng, np.array([1, 0], np.float32))


def left(stage: Stage, rng: np.random.Generator) -> Motion:
    """Glide to the left: `right` backwards."""
    return right(stage, rng).backwards("left")


def down(stage: Stage, rng: np.random.Generator) -> Motion:
    """Glide down."""
    return _glide("down", stage, rng, np.array([0, 1], np.float32))


def up(stage: Stage, rng: np.random.Generator) -> Motion:
    """Glide up: `down` backwards."""
    return down(stage, rng).backwards("up")


def grow(stage: Stage, rng: np.random.Generator) -> Motion:
    """Grow by a factor of about two in place."""
    first, last = rng.uniform(0.6, 0.75), rng.uniform(1.25, 1.45)
    scale = first + (last - first) * pace(stage, rng)
    return along("grow", stage, place(rng), angle=tilt(rng), scale=scale)


def shrink(stage: Stage, rng: np.random.Generator) -> Motion:
    """Shrink to about half in place: `grow` backwards."""
    return grow(stage, rng).backwards("shrink")


def spin(stage: Stage, rng: np.random.Generator) -> Motion:
    """Turn clockwise in place, 0.75 to 1.5 turns."""
    angle = tilt(rng) + TAU * rng.uniform(0.75, 1.5) * pace(stage, rng)
    return along("spin", stage, place(rng), angle=angle)


def counterspin(stage: Stage, rng: np.random.Generator) -> Motion:
    """Turn counter-clockwise in place: `spin` backwards."""
    return spin(stage, rng).backwards("counterspin")


def orbit(stage: Stage, rng: np.random.Generator) -> Motion:
    """Run 1 to 1.5 times around a circle, either way."""
    rounds = rng.uniform(1.0, 1.5)
    turn = tilt(rng) + rng.choice([-1, 1]) * TAU * rounds * pace(stage, rng)
    path = place(rng, 3) + rng.uniform(8, 11) * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    return along("orbit", stage, path, angle=tilt(rng), count=rounds)


def hop(stage: Stage, rng: np.random.Generator) -> Motion:
    """Hop two or three times on the spot."""
    hops = int(rng.integers(2, 4))
    height = rng.uniform(14, 18) * np.abs(np.sin(np.pi * hops * pace(stage, rng)))
    x, floor = rng.uniform(20, 35), rng.uniform(33, 38)
    path = np.stack([np.full_like(height, x), floor - height], axis=1)
    return along("hop", stage, path, angle=tilt(rng), count=hops)


def sway(stage: Stage, rng: np.random.Generator) -> Motion:
    """Swing from side to side, 1.5 to 2.5 periods."""
    periods = rng.uniform(1.5, 2.5)
    swing = np.sin(tilt(rng) + TAU * periods * pace(stage, rng))
    x, y = place(rng, 4)
    path = np.stack([x + rng.uniform(9, 12) * swing, np.full_like(swing, y)], axis=1)
    return along("sway", stage, path, angle=tilt(rng) + 0.3 * swing, count=periods)


def pulse(stage: Stage, rng: np.random.Generator) -> Motion:
    """Swell and contract in place, 1.5 to 2.5 periods."""
    periods = rng.uniform(1.5, 2.5)
    swell = np.sin(tilt(rng) + TAU * periods * pace(stage, rng))
    return along("pulse", stage, place(rng), angle=tilt(rng), scale=1 + 0.3 * swell, count=periods)


def move_then_spin(stage: Stage, rng: np.random.Generator) -> Motion:
    """Glide in a random direction, then turn in a random sense."""
    switch = round(stage.frames * rng.uniform(0.45, 0.55))
    glide = np.clip(np.arange(stage.frames) / (switch - 1), 0, 1)
    turn = np.clip((np.arange(stage.frames) - switch + 1) / (stage.frames - switch), 0, 1)
    heading = tilt(rng)
    step = rng.uniform(18, 24) * np.array([np.cos(heading), np.sin(heading)])
    path = place(rng, 3) + (glide[:, None] - 0.5) * step
    angle = tilt(rng) + rng.choice([-1, 1]) * TAU * rng.uniform(0.75, 1.1) * turn
    phases = (Phase("move", 0, switch), Phase("spin", switch, stage.frames))
    return along("move_then_spin", stage, path, angle=angle, phases=phases)


def spin_then_move(stage: Stage, rng: np.random.Generator) -> Motion:
    """Turn in a random sense, then glide in a random direction: `move_then_spin` backwards."""
    return move_then_spin(stage, rng).backwards("spin_then_move")


MOTIONS: dict[str, MotionMaker] = {
    maker.__name__: maker
    for maker in (
        right,
        left,
        up,
        down,
        grow,
        shrink,
        orbit,
        hop,
        sway,
        pulse,
    )
}
"""The ten everyday motions by name.

Nothing turns in them: as gymnastics is rare in everyday video, spins are met downstream only.
"""

REVERSED_PAIRS: tuple[tuple[MotionMaker, MotionMaker], ...] = (
    (right, left),
    (down, up),
    (grow, shrink),
    (spin, counterspin),
    (move_then_spin, spin_then_move),
)
"""Motions that, drawn from equal generators, are each other's exact reversal in time."""
