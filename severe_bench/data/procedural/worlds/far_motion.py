"""`far_motion`: the label is in the direction and the order of a motion and nowhere else.

Filmed as if by a worn camera. Look, scenery and place are drawn without regard to the class, and
classes come in pairs of which one is the other backwards, so no single frame can tell them apart.
"""

import numpy as np

from severe_bench.data.procedural import motions
from severe_bench.data.procedural.casting import (
    compose,
    draw_any_backdrop,
    draw_any_look,
    draw_camera,
    draw_clutter,
)
from severe_bench.data.procedural.scene import Scene, Stage
from severe_bench.data.procedural.world import World

MAKERS = (
    motions.right,
    motions.left,
    motions.up,
    motions.down,
    motions.move_then_spin,
    motions.spin_then_move,
)
"""The classes; any motions may stand here."""


def _scene(label: int, stage: Stage, rng: np.random.Generator) -> Scene:
    return compose(
        stage,
        rng,
        backdrop=draw_any_backdrop(stage, rng),
        camera=draw_camera(stage, rng, pan=12.0, shake=1.0),
        clutter=draw_clutter(stage, rng),
        cast=((draw_any_look(stage, rng), MAKERS[label](stage, rng)),),
    )


WORLD = World(
    classes=tuple(maker.__name__ for maker in MAKERS),
    scene=_scene,
    train=420,
    test=600,
    frames=16,
)
