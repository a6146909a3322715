"""`far_gym`: many athletes in one hall; only the figure that they trace tells the class."""

import numpy as np

from severe_bench.data.procedural import paths
from severe_bench.data.procedural.casting import (
    compose,
    draw_any_look,
    draw_camera,
    scaled_backdrop,
)
from severe_bench.data.procedural.scene import Backdrop, Scene, Stage
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

HALL = Backdrop(
    "stripes", (0.62, 0.5, 0.36), (0.54, 0.42, 0.3), 0.09, 10.0, 0.25, (0.3, 0.0, *[0.0] * 6)
)


def _scene(label: int, stage: Stage, rng: np.random.Generator) -> Scene:
    return compose(
        stage,
        rng,
        backdrop=scaled_backdrop(HALL, stage),
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
