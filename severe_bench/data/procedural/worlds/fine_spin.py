"""`fine_spin`: gymnasts in one hall; classes are the sense of a spin times where it travels.

The gymnasts differ without regard to the class. With a single one, a frozen network could read the
classes off its own features of that one look, and networks that differed in their pretraining seed
alone came out far apart.
"""

from itertools import product

import numpy as np

from severe_bench.data.procedural.casting import (
    compose,
    draw_any_look,
    draw_camera,
    scaled_backdrop,
)
from severe_bench.data.procedural.motions import TAU, along, pace, place, tilt
from severe_bench.data.procedural.scene import Backdrop, Motion, Scene, Stage
from severe_bench.data.procedural.world import World

SENSES = {"clockwise": 1, "counter": -1}
TRAVELS = {"right": 1, "left": -1, "spot": 0}
CLASSES = tuple(product(SENSES, TRAVELS))

HALL = Backdrop(
    "bricks", (0.36, 0.45, 0.58), (0.47, 0.55, 0.65), 0.6, 14.0, 0.0, (0.2, 0.6, *[0.0] * 6)
)


def spin_of(sense: str, travel: str, stage: Stage, rng: np.random.Generator) -> Motion:
    """Draw a spin of 0.6 to 1.4 turns from any orientation, at any pace, with one hop."""
    turns = SENSES[sense] * rng.uniform(0.6, 1.4)
    angle = tilt(rng) + TAU * turns * pace(stage, rng)
    way = np.array([TRAVELS[travel] * rng.uniform(14, 20), rng.uniform(-5, 5)])
    drift = way * (pace(stage, rng)[:, None] - 0.5)
    since = np.clip((stage.time - rng.uniform(0, 0.5)) / 0.5, 0, 1)
    hop = rng.uniform(3, 9) * 4 * since * (1 - since)
    path = place(rng, 4) + drift - np.stack([np.zeros_like(hop), hop], axis=1)
    return along("spin", stage, path.astype(np.float32), angle=angle)


def _scene(label: int, stage: Stage, rng: np.random.Generator) -> Scene:
    sense, travel = CLASSES[label]
    return compose(
        stage,
        rng,
        backdrop=scaled_backdrop(HALL, stage),
        camera=draw_camera(stage, rng, pan=6.0, shake=0.5),
        clutter=(),
        cast=((draw_any_look(stage, rng), spin_of(sense, travel, stage, rng)),),
    )


WORLD = World(
    classes=tuple(f"{sense}_{travel}" for sense, travel in CLASSES),
    scene=_scene,
    train=432,
    test=600,
    frames=16,
)
