"""`arrow`: processes that run one way only, so that a video played backwards can be told.

Every frame is coded on its own and with one quantiser: a codec that predicts frames from earlier
ones would leave a trace of the direction.
"""

import numpy as np

from severe_bench.data.procedural.casting import (
    compose,
    draw_any_backdrop,
    draw_any_look,
    draw_camera,
    draw_clutter,
)
from severe_bench.data.procedural.places import smaller
from severe_bench.data.procedural.processes import PROCESSES
from severe_bench.data.procedural.samples import Sample
from severe_bench.data.procedural.scene import Scene, Stage
from severe_bench.data.procedural.world import World

CODING = {"g": "1", "crf": "-1", "qp": "20"}


def _scene(label: int, stage: Stage, rng: np.random.Generator) -> Scene:
    motions = tuple(PROCESSES.values())[label](stage, rng)
    look = draw_any_look(stage, rng)
    if len(motions) > 1:
        look = smaller(look, 0.42)
    return compose(
        stage,
        rng,
        backdrop=draw_any_backdrop(stage, rng),
        camera=draw_camera(stage, rng, pan=8.0, shake=0.5),
        clutter=draw_clutter(stage, rng),
        cast=tuple((look, motion) for motion in motions),
    )


def _samples(
    label: int,
    scene: Scene,  # noqa: ARG001 - all videos run forwards
    fps: int,  # noqa: ARG001
    rng: np.random.Generator,  # noqa: ARG001
) -> tuple[Sample, ...]:
    return (Sample(label),)


WORLD = World(
    classes=tuple(PROCESSES),
    scene=_scene,
    train=240,
    test=180,
    frames=24,
    samples=_samples,
    coding=CODING,
)
