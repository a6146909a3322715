"""`kitchen`: something is done to an object in front of a worn camera; verb and noun are asked.

The verb shows in the motion alone; the noun is the object's shape, which mostly comes in its own
hue and surface.
"""

from itertools import cycle

import numpy as np

from severe_bench.core.extras import LABEL, NOUN, VERB
from severe_bench.data.procedural.acts import even_act, perform
from severe_bench.data.procedural.casting import (
    compose,
    draw_camera,
    draw_clutter,
    draw_look,
    keep_hue_or,
    keep_or,
    scaled_backdrop,
)
from severe_bench.data.procedural.motions import (
    MotionMaker,
    down,
    grow,
    place,
    shrink,
    spin,
    tilt,
    up,
)
from severe_bench.data.procedural.samples import Sample
from severe_bench.data.procedural.scene import Backdrop, Motion, Scene, Stage
from severe_bench.data.procedural.textures import SURFACES
from severe_bench.data.procedural.world import World


def _shake(stage: Stage, rng: np.random.Generator) -> Motion:
    act = even_act("sway", 0, stage.frames - 1, rng, size=0.8)
    return perform("sway", stage, place(rng, 5), tilt(rng), [act])


VERBS: dict[str, MotionMaker] = {
    "push": shrink,
    "pull": grow,
    "lift": up,
    "lower": down,
    "turn": spin,
    "shake": _shake,
}
NOUNS = {
    "plate": "disc",
    "box": "square",
    "knife": "bar",
    "lid": "ring",
    "fork": "cross",
    "bread": "crescent",
}
"""Shapes of the objects."""
SURFACE_OF = dict(zip(NOUNS, cycle(SURFACES), strict=False))
KEPT = 0.85
"""How often an object has its own hue, and its own surface."""

WORKTOP = Backdrop(
    "clouds",
    (0.58, 0.56, 0.54),
    (0.46, 0.45, 0.44),
    0.08,
    11.0,
    0.3,
    (0.3, 0.6, 0.1, 0.8, *[0.4] * 4),
)


def _scene(label: int, stage: Stage, rng: np.random.Generator) -> Scene:
    noun = int(rng.integers(len(NOUNS)))
    name, shape = tuple(NOUNS.items())[noun]
    surface = keep_or(rng, SURFACE_OF[name], KEPT, tuple(SURFACES))
    hue = keep_hue_or(rng, noun / len(NOUNS), KEPT)
    motion = tuple(VERBS.values())[label](stage, rng)
    return compose(
        stage,
        rng,
        backdrop=scaled_backdrop(WORKTOP, stage),
        camera=draw_camera(stage, rng, pan=12.0, shake=0.9),
        clutter=draw_clutter(stage, rng),
        cast=((draw_look(stage, rng, shape, surface, hue), motion),),
    )


def _samples(
    label: int,
    scene: Scene,
    fps: int,  # noqa: ARG001 - nothing is timed
    rng: np.random.Generator,  # noqa: ARG001
) -> tuple[Sample, ...]:
    noun = tuple(NOUNS.values()).index(scene.actors[0].look.shape)
    return (Sample(label, {**VERB.set(label), **NOUN.set(noun)}),)


WORLD = World(
    classes=tuple(VERBS),
    scene=_scene,
    train=240,
    test=180,
    frames=16,
    samples=_samples,
    vocabularies={"verb": tuple(VERBS), "noun": tuple(NOUNS)},
    targets=(
        LABEL,
        VERB.name,
        NOUN.name,
    ),
)
