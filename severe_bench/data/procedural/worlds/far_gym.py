"""`far_gym`: many athletes in one kind of hall; only the figure that they trace tells the class."""

import numpy as np

from severe_bench.data.procedural import paths
from severe_bench.data.procedural.casting import (
    compose,
    draw_any_look,
    draw_backdrop,
    draw_camera,
)
from severe_bench.data.procedural.scene import Scene, Stage
from severe_bench.data.procedural.world import World

MAKERS = (
    paths.circle,
    paths.zigzag,
    paths.arcs,
    paths.figure_eight,
    paths.pendulum,
    paths.dash_and_return,
)
"""The classes; any motions may stand here."""

HALL_GROUND = "bricks"
HALL_HUE = 0.09


def _scene(label: int, stage: Stage, rng: np.random.Generator) -> Scene:
    hue = HALL_HUE + rng.uniform(-0.03, 0.03)
    return compose(
        stage,
        rng,
        backdrop=draw_backdrop(stage, rng, HALL_GROUND, hue),
        camera=draw_camera(stage, rng, pan=8.0, shake=0.5),
        clutter=(),
        cast=((draw_any_look(stage, rng), MAKERS[label](stage, rng)),),
    )


WORLD = World(
    classes=tuple(maker.__name__ for maker in MAKERS),
    scene=_scene,
    train=420,
    test=600,
    frames=16,
)
