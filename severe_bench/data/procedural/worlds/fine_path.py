"""`fine_path`: one skater on one rink; classes in pairs that differ in direction only."""

import numpy as np

from severe_bench.data.procedural import paths
from severe_bench.data.procedural.casting import (
    compose,
    draw_camera,
    scaled_backdrop,
    scaled_look,
)
from severe_bench.data.procedural.scene import Backdrop, Look, Scene, Stage
from severe_bench.data.procedural.world import World

MAKERS = (
    paths.arc_clockwise,
    paths.arc_counter,
    paths.hops_right,
    paths.hops_left,
    paths.slalom_down,
    paths.slalom_up,
)
"""The classes; any motions may stand here."""

SKATER = Look("star", "halved", (0.95, 0.75, 0.1), (0.25, 0.1, 0.35), 11.0, 0.13)
RINK = Backdrop(
    "waves", (0.62, 0.74, 0.78), (0.5, 0.64, 0.74), 0.54, 15.0, 0.4, (0.3, 0.1, *[0.0] * 6)
)


def _scene(label: int, stage: Stage, rng: np.random.Generator) -> Scene:
    return compose(
        stage,
        rng,
        backdrop=scaled_backdrop(RINK, stage),
        camera=draw_camera(stage, rng, pan=6.0, shake=0.5),
        clutter=(),
        cast=((scaled_look(SKATER, stage), MAKERS[label](stage, rng)),),
    )


WORLD = World(
    classes=tuple(maker.__name__ for maker in MAKERS),
    scene=_scene,
    train=420,
    test=600,
    frames=16,
)
