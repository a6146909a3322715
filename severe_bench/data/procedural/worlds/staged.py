"""`staged`: one or two actors, where each is in every frame, and in which frames it does what."""

import numpy as np

from severe_bench.core.extras import LABEL, TUBES, Tube
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
from severe_bench.data.procedural.motions import tilt
from severe_bench.data.procedural.places import apart, smaller
from severe_bench.data.procedural.samples import REST, Sample, corners
from severe_bench.data.procedural.scene import Backdrop, FloatArray, Look, Motion, Scene, Stage
from severe_bench.data.procedural.shapes import SHAPES
from severe_bench.data.procedural.textures import SURFACES
from severe_bench.data.procedural.world import World

SHAPE_OF = {
    "hop": "disc",
    "sway": "bar",
    "swell": "square",
    "spin": "cross",
    "orbit": "star",
    "slant": "triangle",
}
CLASSES = tuple(SHAPE_OF)
KEPT = 0.7
"""How often shape and hue are those of the class."""

BOARDS = Backdrop(
    "stripes", (0.45, 0.42, 0.5), (0.55, 0.52, 0.6), 0.72, 12.0, 0.0, (0.2, 0.0, *[0.0] * 6)
)


def _look(manner: str, radius: float, stage: Stage, rng: np.random.Generator) -> Look:
    shape = keep_or(rng, SHAPE_OF[manner], KEPT, tuple(SHAPES))
    surface = tuple(SURFACES)[int(rng.integers(len(SURFACES)))]
    hue = keep_hue_or(rng, CLASSES.index(manner) / len(CLASSES), KEPT)
    return smaller(draw_look(stage, rng, shape, surface, hue), radius)


def _motion(manner: str, home: FloatArray, stage: Stage, rng: np.random.Generator) -> Motion:
    """Act throughout, or come late, or leave off early."""
    last, idle = stage.frames - 1, round(stage.frames * rng.uniform(0.2, 0.4))
    start, end = ((0, last), (0, last), (idle, last), (0, last - idle))[int(rng.integers(4))]
    return perform(manner, stage, home, tilt(rng), [even_act(manner, start, end, rng, size=0.8)])


def _scene(label: int, stage: Stage, rng: np.random.Generator) -> Scene:
    manners = [CLASSES[label]]
    if rng.random() < 0.5:
        manners.append(CLASSES[int(rng.integers(len(CLASSES)))])
    radius = 0.95 if len(manners) == 1 else 0.75
    homes = apart(len(manners), rng, reach=7.0 if len(manners) == 1 else 3.0)
    return compose(
        stage,
        rng,
        backdrop=scaled_backdrop(BOARDS, stage),
        camera=draw_camera(stage, rng, pan=8.0, shake=0.5),
        clutter=draw_clutter(stage, rng),
        cast=tuple(
            (_look(manner, radius, stage, rng), _motion(manner, home, stage, rng))
            for manner, home in zip(manners, homes, strict=True)
        ),
    )


def _samples(
    label: int,
    scene: Scene,
    fps: int,  # noqa: ARG001 - tubes are in frames
    rng: np.random.Generator,  # noqa: ARG001
) -> tuple[Sample, ...]:
    tubes = tuple(_tube(scene, actor) for actor in range(len(scene.actors)))
    return (Sample(label, TUBES.set(tubes)),)


def _tube(scene: Scene, actor: int) -> Tube:
    """The boxes of an actor while it acts and is in sight."""
    phases = [p for p in scene.actors[actor].motion.phases if p.name != REST]
    found = corners(scene, actor)
    seen = [
        (frame, box)
        for phase in phases
        for frame in range(phase.start, phase.end)
        if (box := found[frame]) is not None
    ]
    label = CLASSES.index(phases[0].name)
    return Tube(label, tuple(frame for frame, _ in seen), tuple(box for _, box in seen))


WORLD = World(
    classes=CLASSES,
    scene=_scene,
    train=180,
    test=120,
    frames=32,
    least=16,
    samples=_samples,
    targets=(
        LABEL,
        TUBES.name,
    ),
)
