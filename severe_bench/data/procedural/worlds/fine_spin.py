"""`fine_spin`: one gymnast in one hall; classes are the sense of a spin times its turns."""

from itertools import product

import numpy as np

from severe_bench.data.procedural.casting import (
    compose,
    draw_camera,
    scaled_backdrop,
    scaled_look,
)
from severe_bench.data.procedural.motions import TAU, along, pace, place, tilt
from severe_bench.data.procedural.scene import Backdrop, Look, Motion, Scene, Stage
from severe_bench.data.procedural.world import World

SENSES = {"clockwise": 1, "counter": -1}
TURNS = (0.5, 1.0, 1.6)
CLASSES = tuple(product(SENSES, TURNS))

GYMNAST = Look("crescent", "halved", (0.9, 0.25, 0.15), (0.98, 0.92, 0.75), 12.0, 0.02)
HALL = Backdrop(
    "bricks", (0.36, 0.45, 0.58), (0.47, 0.55, 0.65), 0.6, 14.0, 0.0, (0.2, 0.6, *[0.0] * 6)
)


def spin_of(sense: str, turns: float, stage: Stage, rng: np.random.Generator) -> Motion:
    """Draw a spin from any orientation, at any pace, with one hop and a slow drift."""
    angle = tilt(rng) + SENSES[sense] * TAU * turns * pace(stage, rng)
    drift = rng.uniform(-5, 5, 2) * (stage.time[:, None] - 0.5)
    since = np.clip((stage.time - rng.uniform(0, 0.5)) / 0.5, 0, 1)
    hop = rng.uniform(3, 9) * 4 * since * (1 - since)
    path = place(rng, 4) + drift - np.stack([np.zeros_like(hop), hop], axis=1)
    return along("spin", stage, path.astype(np.float32), angle=angle)


def _scene(label: int, stage: Stage, rng: np.random.Generator) -> Scene:
    sense, turns = CLASSES[label]
    return compose(
        stage,
        rng,
        backdrop=scaled_backdrop(HALL, stage),
        camera=draw_camera(stage, rng, pan=6.0, shake=0.5),
        clutter=(),
        cast=((scaled_look(GYMNAST, stage), spin_of(sense, turns, stage, rng)),),
    )


WORLD = World(
    classes=tuple(f"{sense}_{turns}" for sense, turns in CLASSES),
    scene=_scene,
    train=420,
    test=600,
    frames=16,
)
