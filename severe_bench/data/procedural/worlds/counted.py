"""`counted`: someone does one thing over and over, two to twelve times; how often is the question.

Lengths of the videos, of the cycles and of the rests before and after say little about the number.
"""

from itertools import pairwise

import numpy as np

from severe_bench.core.extras import COUNT, STARTS, STOP
from severe_bench.data.procedural.acts import Act, perform
from severe_bench.data.procedural.casting import (
    compose,
    draw_camera,
    draw_look,
    scaled_backdrop,
)
from severe_bench.data.procedural.motions import place, tilt
from severe_bench.data.procedural.samples import REST, Sample
from severe_bench.data.procedural.scene import Backdrop, Look, Motion, Scene, Stage
from severe_bench.data.procedural.shapes import SHAPES
from severe_bench.data.procedural.world import World

MANNERS = {"bounce": "hop", "wave": "sway", "spin": "spin", "pulse": "swell"}
COUNTS = (2, 12)
PERIODS = (5.0, 20.0)
"""Mean frames per cycle in a video; the cycles of one video differ by up to 15%."""

SURFACES = ("halved", "spotted")
"""Those that look the same after a whole turn only, so that turns can be counted."""

GYM = Backdrop(
    "waves", (0.5, 0.58, 0.45), (0.6, 0.68, 0.55), 0.26, 14.0, 0.7, (0.3, 0.1, *[0.0] * 6)
)


def repeat(manner: str, stage: Stage, rng: np.random.Generator) -> Motion:
    """Draw a motion of 2 to 12 cycles, a phase for each, with rests before and after."""
    room, (fewest, most) = stage.frames - 1, COUNTS
    count = min(int(rng.integers(fewest, most + 1)), int(room / PERIODS[0]))
    period = rng.uniform(PERIODS[0], min(PERIODS[1], room / count))
    lengths = period * (1 + rng.uniform(-0.15, 0.15, count))
    ends = np.concatenate([[0.0], np.cumsum(lengths) * min(1.0, room / lengths.sum())])
    frames = ends.round().astype(int)
    first = int(rng.integers(0, room - frames[-1] + 1))
    size, side = rng.uniform(0.8, 1.2), float(rng.choice([-1, 1]))
    bounds = (first + frames).tolist()
    acts = [Act(manner, pair, size, side) for pair in pairwise(bounds)]
    home = place(rng, 5) + np.array([0.0, 6.0 if manner == "hop" else 0.0])
    return perform(manner, stage, home, tilt(rng), acts)


def _look(stage: Stage, rng: np.random.Generator) -> Look:
    shape, surface = str(rng.choice(list(SHAPES))), str(rng.choice(SURFACES))
    return draw_look(stage, rng, shape, surface, float(rng.random()))


def _scene(label: int, stage: Stage, rng: np.random.Generator) -> Scene:
    stage = Stage(int(rng.integers(round(stage.frames * 2 / 3), stage.frames + 1)), stage.size)
    manner = tuple(MANNERS.values())[label]
    return compose(
        stage,
        rng,
        backdrop=scaled_backdrop(GYM, stage),
        camera=draw_camera(stage, rng, pan=8.0, shake=0.4),
        clutter=(),
        cast=((_look(stage, rng), repeat(manner, stage, rng)),),
    )


def _samples(
    label: int,
    scene: Scene,
    fps: int,  # noqa: ARG001 - counted in frames
    rng: np.random.Generator,  # noqa: ARG001
) -> tuple[Sample, ...]:
    cycles = [phase for phase in scene.actors[0].motion.phases if phase.name != REST]
    starts = tuple(cycle.start for cycle in cycles)
    extras = {**COUNT.set(len(cycles)), **STARTS.set(starts), **STOP.set(cycles[-1].end)}
    return (Sample(label, extras),)


WORLD = World(
    classes=tuple(MANNERS), scene=_scene, train=200, test=120, frames=96, least=32, samples=_samples
)
