"""`keyed`: several persons, each in a pose and doing something, boxed at a few moments of a video.

A pose shows in a single frame, for it is the person's shape; what the person does needs motion.
"""

import numpy as np

from severe_bench.core.extras import BOXES, KEY_TIME, PROPOSALS, Box
from severe_bench.data.procedural.acts import even_act, perform
from severe_bench.data.procedural.casting import (
    compose,
    draw_any_backdrop,
    draw_camera,
    draw_look,
)
from severe_bench.data.procedural.motions import tilt
from severe_bench.data.procedural.places import apart, smaller
from severe_bench.data.procedural.proposals import detections
from severe_bench.data.procedural.samples import Sample, corners, seconds
from severe_bench.data.procedural.scene import FloatArray, Motion, Scene, Stage
from severe_bench.data.procedural.textures import SURFACES
from severe_bench.data.procedural.world import World

POSES = {"round": "disc", "flat": "bar", "spread": "star"}
MANNERS = ("hop", "sway", "swell", "spin", "orbit")
CLASSES = (*POSES, *MANNERS)
SHARES = (0.3, 0.5, 0.7)
"""Where in the video the key frames are."""
CHANGES = (0.4, 0.6)
"""Where in the video a person may go over to something else."""


def key_frames(stage: Stage) -> tuple[int, ...]:
    """The annotated frames of a video."""
    return tuple(round(share * stage.frames) for share in SHARES)


def _motion(manner: str, home: FloatArray, stage: Stage, rng: np.random.Generator) -> Motion:
    """Do one thing throughout, or half of the time go over to another between two key frames."""
    last, size = stage.frames - 1, 0.7
    if rng.random() < 0.5:
        acts = [even_act(manner, 0, last, rng, size)]
    else:
        change = round(stage.frames * float(rng.choice(CHANGES)))
        other = str(rng.choice([name for name in MANNERS if name != manner]))
        acts = [even_act(manner, 0, change, rng, size), even_act(other, change, last, rng, size)]
    return perform(manner, stage, home, tilt(rng), acts)


def _scene(label: int, stage: Stage, rng: np.random.Generator) -> Scene:
    people = int(rng.integers(1, 4))
    cast = []
    for person, home in enumerate(apart(people, rng)):
        pose, manner = (_one_of(rng, tuple(POSES)), _one_of(rng, MANNERS))
        if person == 0:
            pose, manner = _leading(label, pose, manner)
        surface, hue = _one_of(rng, tuple(SURFACES)), float(rng.random())
        look = smaller(draw_look(stage, rng, POSES[pose], surface, hue), 0.75)
        cast.append((look, _motion(manner, home, stage, rng)))
    return compose(
        stage,
        rng,
        backdrop=draw_any_backdrop(stage, rng),
        camera=draw_camera(stage, rng, pan=6.0, shake=0.4),
        clutter=(),
        cast=tuple(cast),
    )


def _one_of(rng: np.random.Generator, names: tuple[str, ...]) -> str:
    return names[int(rng.integers(len(names)))]


def _leading(label: int, pose: str, manner: str) -> tuple[str, str]:
    """The first person shows the class that is the video's turn."""
    name = CLASSES[label]
    return (name, manner) if name in POSES else (pose, name)


def _samples(
    label: int,  # noqa: ARG001 - there is no single class
    scene: Scene,
    fps: int,
    rng: np.random.Generator,
) -> tuple[Sample, ...]:
    found = [corners(scene, actor) for actor in range(len(scene.actors))]
    samples = []
    for frame in key_frames(scene.stage):
        people = tuple(
            Box(*box, labels=_labels(scene, actor, frame), person=str(actor))
            for actor, at in enumerate(found)
            if (box := at[frame]) is not None
        )
        proposals = detections([(b.x1, b.y1, b.x2, b.y2) for b in people], rng)
        time = seconds(frame, fps)
        extras = {**KEY_TIME.set(time), **BOXES.set(people), **PROPOSALS.set(proposals)}
        samples.append(Sample(None, extras, name=f"{frame}"))
    return tuple(samples)


def _labels(scene: Scene, actor: int, frame: int) -> tuple[int, ...]:
    look, motion = scene.actors[actor].look, scene.actors[actor].motion
    pose = next(name for name, shape in POSES.items() if shape == look.shape)
    doing = (p.name for p in motion.phases if p.start <= frame < p.end)
    return tuple(sorted(CLASSES.index(name) for name in (pose, *doing)))


WORLD = World(
    classes=CLASSES,
    scene=_scene,
    train=96,
    test=64,
    frames=60,
    least=40,
    samples=_samples,
    targets=(
        KEY_TIME.name,
        BOXES.name,
        PROPOSALS.name,
    ),
)
