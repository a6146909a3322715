"""`counted`: someone does one thing over and over, two to twelve times; how often is the question.

The length of a video and that of its cycles alone say little about the number.
"""

from itertools import pairwise

import numpy as np

from severe_bench.core.extras import COUNT, LABEL, STARTS, STOP
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
PERIODS = (5.0, 32.0)
"""Mean frames per cycle in a video; the cycles of one video differ by up to 15%."""
SHORTEST = 0.5
"""Of the longest videos' length."""
BUSY = 0.8
"""At least about so much of a video is repetition."""

SURFACE = "halved"
"""Far from the same after a part of a turn; three spots or wedges on a ring would count thrice."""

GYM = Backdrop(
    "waves", (0.5, 0.58, 0.45), (0.6, 0.68, 0.55), 0.26, 14.0, 0.7, (0.3, 0.1, *[0.0] * 6)
)


def repeat(manner: str, longest: Stage, rng: np.random.Generator) -> tuple[Stage, Motion]:
    """Draw a motion of 2 to 12 cycles, a phase for each, and the stage that it fills.

    In half of the videos, and where the video would be too short, a rest comes before and after.
    """
    most = longest.frames - 1
    fewest = round(SHORTEST * longest.frames)
    count = int(rng.integers(COUNTS[0], min(COUNTS[1], int(most / PERIODS[0])) + 1))
    shortest = max(PERIODS[0], BUSY * fewest / count)
    period = rng.uniform(shortest, max(shortest, min(PERIODS[1], most / count)))
    lengths = period * (1 + rng.uniform(-0.15, 0.15, count))
    ends = np.concatenate([[0.0], np.cumsum(lengths) * min(1.0, most / lengths.sum())])
    busy = ends.round().astype(int)
    idle = round(busy[-1] * rng.uniform(0.0, 1 / BUSY - 1)) if rng.random() < 0.5 else 0
    frames = int(np.clip(busy[-1] + idle, fewest, most))
    first = int(rng.integers(0, frames - busy[-1] + 1))
    size, side = rng.uniform(0.8, 1.2), float(rng.choice([-1, 1]))
    acts = [Act(manner, pair, size, side) for pair in pairwise((first + busy).tolist())]
    home = place(rng, 5) + np.array([0.0, 6.0 if manner == "hop" else 0.0])
    stage = Stage(frames + 1, longest.size)
    return stage, perform(manner, stage, home, tilt(rng), acts)


def _look(stage: Stage, rng: np.random.Generator) -> Look:
    return draw_look(stage, rng, str(rng.choice(list(SHAPES))), SURFACE, float(rng.random()))


def _scene(label: int, stage: Stage, rng: np.random.Generator) -> Scene:
    stage, motion = repeat(tuple(MANNERS.values())[label], stage, rng)
    return compose(
        stage,
        rng,
        backdrop=scaled_backdrop(GYM, stage),
        camera=draw_camera(stage, rng, pan=8.0, shake=0.4),
        clutter=(),
        cast=((_look(stage, rng), motion),),
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
    classes=tuple(MANNERS),
    scene=_scene,
    train=200,
    test=120,
    frames=96,
    least=32,
    samples=_samples,
    targets=(
        LABEL,
        COUNT.name,
        STARTS.name,
        STOP.name,
    ),
)
