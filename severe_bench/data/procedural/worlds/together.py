"""`together`: one to four things are done in a video, at once or one after the other.

What somebody looks like tends to go with what they do, as it does in everyday video.
"""

from functools import partial

import numpy as np

from severe_bench.data.procedural.acts import MANNERS, even_act, others, perform
from severe_bench.data.procedural.casting import (
    compose,
    draw_any_backdrop,
    draw_camera,
    draw_look,
    keep_hue_or,
    keep_or,
)
from severe_bench.data.procedural.motions import tilt
from severe_bench.data.procedural.places import apart, smaller
from severe_bench.data.procedural.samples import TIMED, timed
from severe_bench.data.procedural.scene import FloatArray, Look, Motion, Scene, Stage
from severe_bench.data.procedural.shapes import SHAPES
from severe_bench.data.procedural.textures import SURFACES
from severe_bench.data.procedural.world import World

CLASSES = tuple(MANNERS)
SHAPE_OF = dict(zip(CLASSES, SHAPES, strict=True))
KEPT = 0.7
"""How often shape and hue are those of what is done first."""
RADIUS = 0.72
"""Of the usual radius of an actor."""
MOST = 4


def _look(manner: str, stage: Stage, rng: np.random.Generator) -> Look:
    shape = keep_or(rng, SHAPE_OF[manner], KEPT, tuple(SHAPES))
    surface = keep_or(rng, "halved", 0.0, tuple(SURFACES))
    hue = keep_hue_or(rng, CLASSES.index(manner) / len(CLASSES), KEPT)
    return smaller(draw_look(stage, rng, shape, surface, hue), RADIUS)


def _motion(
    manners: tuple[str, ...], home: FloatArray, stage: Stage, rng: np.random.Generator
) -> Motion:
    """Do things one after the other, with a rest somewhere."""
    parts = rng.uniform(0.8, 1.2, len(manners))
    rests = rng.uniform(0.0, 0.25, len(manners) + 1)
    ends = np.cumsum(np.stack([rests[:-1], parts], axis=1).ravel()) / (parts.sum() + rests.sum())
    frames = (ends * (stage.frames - 1)).round().astype(int).reshape(-1, 2)
    acts = [
        even_act(manner, int(start), int(end), rng, size=0.7)
        for manner, (start, end) in zip(manners, frames, strict=True)
    ]
    return perform(manners[0], stage, home, tilt(rng), acts)


def _scene(label: int, stage: Stage, rng: np.random.Generator) -> Scene:
    count = int(rng.integers(1, MOST + 1))
    manners = others(rng, CLASSES[label], CLASSES, count)
    people = int(rng.integers((count + 1) // 2, min(count, 3) + 1))
    shares = [manners[person::people] for person in range(people)]
    homes = apart(people, rng)
    return compose(
        stage,
        rng,
        backdrop=draw_any_backdrop(stage, rng),
        camera=draw_camera(stage, rng, pan=6.0, shake=0.4),
        clutter=(),
        cast=tuple(
            (_look(share[0], stage, rng), _motion(share, home, stage, rng))
            for share, home in zip(shares, homes, strict=True)
        ),
    )


WORLD = World(
    classes=CLASSES,
    scene=_scene,
    train=240,
    test=160,
    frames=48,
    least=32,
    samples=partial(timed, classes=CLASSES),
    targets=TIMED,
)
