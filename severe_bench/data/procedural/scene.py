"""What a made video consists of, and what is therefore known about it.

Coordinates are pixels of the filmed frame, x to the right, y downwards, pixel centres at integers.
Angles are radians; a positive angle turns clockwise on the screen, as y points down.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.floating]
IntArray = npt.NDArray[np.int64]
Frames = npt.NDArray[np.uint8]
RGB = tuple[float, float, float]

REFERENCE_SIZE = 56
"""Frame side in pixels at which every length of the worlds is stated; others scale with it."""


@dataclass(frozen=True)
class Stage:
    """The length and the side of a video: what a motion has to fit into.

    Args:
        frames: number of frames, at least 2.
        size: side of the square frame in pixels.
    """

    frames: int
    size: int

    @property
    def unit(self) -> float:
        """Pixels of this video for one pixel of a 56-pixel frame."""
        return self.size / REFERENCE_SIZE

    @property
    def time(self) -> FloatArray:
        """Time of each frame in [0, 1], shape (frames,)."""
        return np.linspace(0.0, 1.0, self.frames, dtype=np.float32)


@dataclass(frozen=True)
class Phase:
    """A named stretch of a motion: frames `start` up to but not including `end`."""

    name: str
    start: int
    end: int


@dataclass(frozen=True, eq=False)
class Motion:
    """Where an actor is in every frame.

    Args:
        kind: name of the motion.
        centre: (frames, 2) x and y in pixels of the frame.
        angle: (frames,) radians, not wrapped, so that differences are turns.
        scale: (frames,) factor on the radius of the actor.
        count: periods completed by a repetitive motion; 0 for one that does not repeat.
        phases: what happens in which frames, in temporal order.
    """

    kind: str
    centre: FloatArray
    angle: FloatArray
    scale: FloatArray
    count: float = 0.0
    phases: tuple[Phase, ...] = ()

    @property
    def turns(self) -> float:
        """Net rotation in turns, positive clockwise."""
        return float(self.angle[-1] - self.angle[0]) / (2 * np.pi)

    @property
    def speed(self) -> float:
        """Mean speed of the centre in pixels per frame."""
        return float(np.linalg.norm(np.diff(self.centre, axis=0), axis=1).mean())

    def shifted(self, offset: FloatArray) -> Motion:
        """Return the motion with `offset`, of shape (frames, 2), added to its centre."""
        return replace(self, centre=self.centre + offset)

    def backwards(self, kind: str) -> Motion:
        """Return the same motion played backwards, under the name `kind`."""
        last = len(self.angle)
        phases = tuple(Phase(p.name, last - p.end, last - p.start) for p in reversed(self.phases))
        return replace(
            self,
            kind=kind,
            centre=self.centre[::-1].copy(),
            angle=self.angle[::-1].copy(),
            scale=self.scale[::-1].copy(),
            phases=phases,
        )


@dataclass(frozen=True)
class Look:
    """What an actor or a piece of clutter looks like.

    Args:
        shape: a key of `shapes.SHAPES`.
        surface: a key of `textures.SURFACES`.
        primary, secondary: the two colours of the surface, each channel in [0, 1].
        radius: pixels from the centre to the outermost point of the shape.
        hue: hue of the primary colour in [0, 1).
    """

    shape: str
    surface: str
    primary: RGB
    secondary: RGB
    radius: float
    hue: float


@dataclass(frozen=True)
class Actor:
    """A thing that moves: its look and its motion."""

    look: Look
    motion: Motion


@dataclass(frozen=True)
class Clutter:
    """A thing that stands still in the world, at `position` (x, y) when the camera is at rest."""

    look: Look
    position: tuple[float, float]
    angle: float


@dataclass(frozen=True)
class Backdrop:
    """The textured ground behind everything.

    Args:
        kind: a key of `textures.GROUNDS`.
        primary, secondary: its two colours, each channel in [0, 1].
        hue: hue of the primary colour in [0, 1).
        wavelength: pixels per period of the texture.
        angle: orientation in radians.
        phases: eight numbers in [0, 1) that place the texture.
    """

    kind: str
    primary: RGB
    secondary: RGB
    hue: float
    wavelength: float
    angle: float
    phases: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Camera:
    """How the camera moves over the world.

    The operator keeps the actor framed, so a pan moves the ground only; a shake moves everything.

    Args:
        pan: (frames, 2) intended displacement in pixels.
        shake: (frames, 2) unintended displacement in pixels.
    """

    pan: FloatArray
    shake: FloatArray

    @property
    def offset(self) -> FloatArray:
        """Place of the frame's upper left corner in the world, shape (frames, 2)."""
        return self.pan + self.shake


@dataclass(frozen=True, eq=False)
class Grain:
    """Sensor noise: its deviation in [0, 1] and, per frame, where to cut it out of one tile."""

    deviation: float
    cuts: IntArray


@dataclass(frozen=True, eq=False)
class Scene:
    """All that is needed to render a video; every per-frame array has `stage.frames` rows.

    The first actor carries the label; the others are distractors and are drawn behind it.
    """

    stage: Stage
    backdrop: Backdrop
    camera: Camera
    clutter: tuple[Clutter, ...]
    actors: tuple[Actor, ...]
    grain: Grain

    @property
    def distractors(self) -> int:
        """Number of moving actors that do not carry the label."""
        return len(self.actors) - 1

    def backwards(self) -> Scene:
        """Return the scene whose video is this one's with the frames in reverse order."""
        camera = Camera(self.camera.pan[::-1].copy(), self.camera.shake[::-1].copy())
        actors = tuple(
            Actor(actor.look, actor.motion.backwards(f"{actor.motion.kind}_backwards"))
            for actor in self.actors
        )
        grain = Grain(self.grain.deviation, self.grain.cuts[::-1].copy())
        return replace(self, camera=camera, actors=actors, grain=grain)
