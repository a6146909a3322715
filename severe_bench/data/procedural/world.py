"""What a world has to supply, and the everyday video that most worlds are made of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from severe_bench.core.extras import LABEL
from severe_bench.data.procedural.casting import (
    compose,
    draw_backdrop,
    draw_camera,
    draw_clutter,
    draw_look,
    keep_hue_or,
    keep_or,
)
from severe_bench.data.procedural.motions import MOTIONS
from severe_bench.data.procedural.samples import Sample, described
from severe_bench.data.procedural.scene import Scene, Stage
from severe_bench.data.procedural.shapes import SHAPES
from severe_bench.data.procedural.textures import GROUNDS, SURFACES

SceneMaker = Callable[[int, Stage, np.random.Generator], Scene]
SampleMaker = Callable[[int, Scene, int, np.random.Generator], tuple[Sample, ...]]


@dataclass(frozen=True)
class World:
    """A kind of video with a list of classes; `scene` may depend on its arguments only.

    Args:
        classes: class names in the order of their ids.
        scene: makes a scene from a class id, a stage and a generator. Its own stage may be shorter.
        train, test: default numbers of videos.
        frames: default length of a video; of the longest ones where lengths differ.
        least: fewest frames that it can be filmed with.
        samples: states what is asked about a video, from its class id, its scene, the frames per
            second and a generator.
        targets: what those samples have, by name, as an adapter's `Known` has them.
        vocabularies: further class lists by name.
        coding: options of the encoder that differ from the usual ones.
    """

    classes: tuple[str, ...]
    scene: SceneMaker
    train: int
    test: int
    frames: int
    least: int = 8
    samples: SampleMaker = described
    targets: tuple[str, ...] = (LABEL,)
    vocabularies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    coding: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ClassProfile:
    """What the videos of a class tend to show; how firmly is in `everyday_scene`."""

    shape: str
    surface: str
    ground: str
    ground_hue: float
    actor_hue: float
    motion: str

    @property
    def name(self) -> str:
        """Class name, such as `striped_star`."""
        return f"{self.surface}_{self.shape}"


def everyday_world(
    profiles: tuple[ClassProfile, ...], *, train: int, test: int, frames: int
) -> World:
    """A world of these classes, each video an `everyday_scene`."""

    def scene(label: int, stage: Stage, rng: np.random.Generator) -> Scene:
        return everyday_scene(profiles[label], stage, rng)

    classes = tuple(profile.name for profile in profiles)
    return World(classes=classes, scene=scene, train=train, test=test, frames=frames)


def everyday_scene(profile: ClassProfile, stage: Stage, rng: np.random.Generator) -> Scene:
    """Draw a video whose class shows in appearance, in scenery and, less firmly, in motion.

    The probabilities imitate action data sets with a scene bias: shape .90, surface .85, kind of
    ground .70, hue of ground .65, hue of actor .85, motion .70.
    """
    shape = keep_or(rng, profile.shape, 0.90, tuple(SHAPES))
    surface = keep_or(rng, profile.surface, 0.85, tuple(SURFACES))
    ground = keep_or(rng, profile.ground, 0.70, tuple(GROUNDS))
    ground_hue = keep_hue_or(rng, profile.ground_hue, 0.65)
    actor_hue = keep_hue_or(rng, profile.actor_hue, 0.85)
    motion = keep_or(rng, profile.motion, 0.70, tuple(MOTIONS))
    return compose(
        stage,
        rng,
        backdrop=draw_backdrop(stage, rng, ground, ground_hue),
        camera=draw_camera(stage, rng, pan=10.0, shake=0.6),
        clutter=draw_clutter(stage, rng),
        cast=((draw_look(stage, rng, shape, surface, actor_hue), MOTIONS[motion](stage, rng)),),
    )
