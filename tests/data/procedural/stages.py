"""Small parts that several tests of the built-in world put scenes together from."""

from collections.abc import Iterable

import numpy as np

from severe_bench.core.record import Split
from severe_bench.data.procedural.film import scene_at
from severe_bench.data.procedural.motions import along
from severe_bench.data.procedural.render import render
from severe_bench.data.procedural.scene import (
    Actor,
    Backdrop,
    Camera,
    Clutter,
    FloatArray,
    Frames,
    Grain,
    Look,
    Motion,
    Scene,
    Stage,
)
from severe_bench.data.procedural.spec import WorldSpec

STAGE = Stage(frames=12, size=56)
GREY = Backdrop("ramp", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5), 0.0, 12.0, 0.0, (0.0,) * 8)
CHECKS = Backdrop("checks", (0.2, 0.3, 0.4), (0.7, 0.6, 0.5), 0.6, 11.0, 0.3, (0.1,) * 8)


def look(shape: str = "disc", surface: str = "halved", radius: float = 10.0) -> Look:
    return Look(shape, surface, (1.0, 0.0, 0.0), (0.0, 0.0, 1.0), radius, 0.0)


def still(
    stage: Stage = STAGE,
    x: float = 28.0,
    y: float = 28.0,
    angle: float = 0.0,
    scale: float | FloatArray = 1.0,
) -> Motion:
    return along("still", stage, np.array([x, y]), angle=angle, scale=scale)


def scene(
    *actors: Actor,
    stage: Stage = STAGE,
    backdrop: Backdrop = GREY,
    offset: FloatArray | None = None,
    clutter: tuple[Clutter, ...] = (),
    grain: float = 0.0,
) -> Scene:
    rest = np.zeros((stage.frames, 2), np.float32)
    camera = Camera(rest if offset is None else np.asarray(offset, np.float32), rest)
    cuts = np.random.default_rng(3).integers(0, 256, (stage.frames, 2))
    return Scene(stage, backdrop, camera, clutter, actors, Grain(grain, cuts))


def frames_in_memory(spec: WorldSpec, split: Split, indices: Iterable[int]) -> list[Frames]:
    """Render videos without encoding them: uint8 RGB (frames, size, size, 3) each."""
    return [render(scene_at(spec, split, index)) for index in indices]
