"""`routine`: long videos of one gymnast, who does several things in a row and rests in between."""

from functools import partial

import numpy as np

from severe_bench.data.procedural.acts import Act, even_act, perform
from severe_bench.data.procedural.casting import (
    compose,
    draw_any_look,
    draw_camera,
    scaled_backdrop,
)
from severe_bench.data.procedural.motions import place, tilt
from severe_bench.data.procedural.samples import TIMED, timed
from severe_bench.data.procedural.scene import Backdrop, Scene, Stage
from severe_bench.data.procedural.world import World

CLASSES = ("hop", "sway", "swell", "shrink", "spin", "orbit", "slant")
LENGTHS = (14, 32)
"""Frames of an act."""
RESTS = (6, 18)
"""Frames of a rest, where there is one: before every other act, and at the end."""
MOST = 8

MAT = Backdrop(
    "checks", (0.42, 0.5, 0.55), (0.52, 0.6, 0.66), 0.56, 13.0, 0.5, (0.2, 0.4, *[0.0] * 6)
)


def draw_acts(first: str, frames: int, rng: np.random.Generator) -> list[Act]:
    """Draw acts until the video is full; no act twice in a row, `first` first.

    Example:
        >>> [act.manner for act in draw_acts("hop", 60, np.random.default_rng(0))][0]
        'hop'
    """
    acts: list[Act] = []
    manner, start = first, _rest(rng)
    while len(acts) < MOST:
        end = start + int(rng.integers(LENGTHS[0], LENGTHS[1] + 1))
        if end > frames - 1:
            break
        acts.append(even_act(manner, start, end, rng))
        manner = str(rng.choice([name for name in CLASSES if name != manner]))
        start = end + _rest(rng)
    return acts or [even_act(first, 0, frames - 1, rng)]


def _rest(rng: np.random.Generator) -> int:
    return int(rng.integers(RESTS[0], RESTS[1] + 1)) if rng.random() < 0.5 else 0


def _scene(label: int, stage: Stage, rng: np.random.Generator) -> Scene:
    stage = Stage(int(rng.integers(round(stage.frames * 2 / 3), stage.frames + 1)), stage.size)
    acts = draw_acts(CLASSES[label], stage.frames, rng)
    home = place(rng, 4) + np.array([0.0, 5.0])
    return compose(
        stage,
        rng,
        backdrop=scaled_backdrop(MAT, stage),
        camera=draw_camera(stage, rng, pan=10.0, shake=0.4),
        clutter=(),
        cast=((draw_any_look(stage, rng), perform("routine", stage, home, tilt(rng), acts)),),
    )


WORLD = World(
    classes=CLASSES,
    scene=_scene,
    train=70,
    test=42,
    frames=180,
    least=60,
    samples=partial(timed, classes=CLASSES),
    targets=TIMED,
)
