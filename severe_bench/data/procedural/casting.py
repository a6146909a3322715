"""Drawing the parts of a scene at random; what is given is kept, what is not is drawn.

The amounts (background contrast, radii, clutter, grain) are those at which small networks learned
something from this world: with stronger backgrounds every linear probe stayed at chance.
"""

import colorsys
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from severe_bench.data.procedural.scene import (
    RGB,
    Actor,
    Backdrop,
    Camera,
    Clutter,
    Grain,
    IntArray,
    Look,
    Motion,
    Scene,
    Stage,
)
from severe_bench.data.procedural.shapes import SHAPES
from severe_bench.data.procedural.textures import GROUNDS, SURFACES

GROUND_CONTRAST = 0.35
GRAIN_DEVIATION = 0.02
ACTOR_RADII = (10.0, 14.0)
CLUTTER_RADII = (4.0, 7.0)
CLUTTER_COUNTS = (2, 3)
WAVELENGTHS = (9.0, 16.0)


def keep_or(
    rng: np.random.Generator, kept: str, probability: float, options: tuple[str, ...]
) -> str:
    """Return `kept` with the given probability and otherwise any of `options`."""
    other = options[int(rng.integers(len(options)))]
    return kept if rng.random() < probability else other


def keep_hue_or(rng: np.random.Generator, kept: float, probability: float) -> float:
    """Return a hue within 0.03 of `kept` with the given probability and otherwise any hue."""
    near, other = kept + rng.uniform(-0.03, 0.03), rng.random()
    return float((near if rng.random() < probability else other) % 1.0)


def draw_backdrop(stage: Stage, rng: np.random.Generator, kind: str, hue: float) -> Backdrop:
    """Draw a ground of the given kind and hue, its two colours brought close to their middle."""
    first = _paint(hue, rng, saturation=(0.45, 0.8), value=(0.45, 0.85))
    second = _paint(hue + rng.uniform(-0.2, 0.2), rng, saturation=(0.2, 0.7), value=(0.15, 0.95))
    return Backdrop(
        kind=kind,
        primary=_towards_middle(first, second),
        secondary=_towards_middle(second, first),
        hue=hue % 1.0,
        wavelength=stage.unit * rng.uniform(*WAVELENGTHS),
        angle=float(rng.uniform(0, 2 * np.pi)),
        phases=tuple(float(phase) for phase in rng.random(8)),
    )


def draw_look(stage: Stage, rng: np.random.Generator, shape: str, surface: str, hue: float) -> Look:
    """Draw an actor's look: one bright colour of the given hue, one that stands out against it."""
    dark = rng.random() < 0.5
    value = (0.1, 0.35) if dark else (0.8, 1.0)
    saturation = (0.3, 0.8) if dark else (0.0, 0.35)
    return Look(
        shape=shape,
        surface=surface,
        primary=_paint(hue, rng, saturation=(0.75, 1.0), value=(0.7, 1.0)),
        secondary=_paint(rng.random(), rng, saturation=saturation, value=value),
        radius=stage.unit * rng.uniform(*ACTOR_RADII),
        hue=hue % 1.0,
    )


def draw_any_look(stage: Stage, rng: np.random.Generator) -> Look:
    """Draw an actor's look with nothing given."""
    return draw_look(stage, rng, _any(rng, SHAPES), _any(rng, SURFACES), float(rng.random()))


def draw_any_backdrop(stage: Stage, rng: np.random.Generator) -> Backdrop:
    """Draw a ground with nothing given."""
    return draw_backdrop(stage, rng, _any(rng, GROUNDS), float(rng.random()))


def draw_camera(stage: Stage, rng: np.random.Generator, pan: float, shake: float) -> Camera:
    """Draw a steady pan in any direction with a trembling hand.

    Args:
        stage: length and side of the video.
        rng: source of randomness.
        pan: length of the longest pan over the whole video, in pixels of a 56-pixel frame.
        shake: standard deviation of the tremble in the same pixels.
    """
    heading, length = rng.uniform(0, 2 * np.pi), rng.uniform(0, pan)
    step = length * np.array([np.cos(heading), np.sin(heading)])
    tremble = rng.standard_normal((stage.frames + 2, 2))
    smooth = (tremble[:-2] + 2 * tremble[1:-1] + tremble[2:]) / np.sqrt(6)
    return Camera(
        pan=(stage.unit * (stage.time[:, None] - 0.5) * step).astype(np.float32),
        shake=(stage.unit * shake * smooth).astype(np.float32),
    )


def draw_clutter(stage: Stage, rng: np.random.Generator) -> tuple[Clutter, ...]:
    """Draw two or three small things that stand in the world."""
    low, high = CLUTTER_COUNTS
    return tuple(_piece(stage, rng) for _ in range(int(rng.integers(low, high + 1))))


def draw_grain(stage: Stage, rng: np.random.Generator) -> Grain:
    """Draw sensor noise, a fresh cut of the noise for every frame."""
    cuts: IntArray = rng.integers(0, 256, (stage.frames, 2))
    return Grain(GRAIN_DEVIATION, cuts)


def scaled_look(look: Look, stage: Stage) -> Look:
    """Return a look stated for a 56-pixel frame at the size of this stage."""
    return replace(look, radius=look.radius * stage.unit)


def scaled_backdrop(backdrop: Backdrop, stage: Stage) -> Backdrop:
    """Return a ground stated for a 56-pixel frame at the size of this stage."""
    return replace(backdrop, wavelength=backdrop.wavelength * stage.unit)


def compose(
    stage: Stage,
    rng: np.random.Generator,
    *,
    backdrop: Backdrop,
    camera: Camera,
    clutter: tuple[Clutter, ...],
    cast: tuple[tuple[Look, Motion], ...],
) -> Scene:
    """Put the parts together: the camera's shake moves every actor, the grain is drawn last."""
    actors = tuple(Actor(look, motion.shifted(-camera.shake)) for look, motion in cast)
    return Scene(stage, backdrop, camera, clutter, actors, draw_grain(stage, rng))


def _any(rng: np.random.Generator, options: Iterable[str]) -> str:
    names = tuple(options)
    return names[int(rng.integers(len(names)))]


def _paint(
    hue: float,
    rng: np.random.Generator,
    *,
    saturation: tuple[float, float],
    value: tuple[float, float],
) -> RGB:
    return colorsys.hsv_to_rgb(hue % 1.0, rng.uniform(*saturation), rng.uniform(*value))


def _towards_middle(colour: RGB, other: RGB) -> RGB:
    red, green, blue = (
        (own + far) / 2 + GROUND_CONTRAST * (own - far) / 2
        for own, far in zip(colour, other, strict=True)
    )
    return red, green, blue


def _piece(stage: Stage, rng: np.random.Generator) -> Clutter:
    small = replace(draw_any_look(stage, rng), radius=stage.unit * rng.uniform(*CLUTTER_RADII))
    x, y = stage.size * rng.uniform(0, 1, 2)
    return Clutter(small, (float(x), float(y)), float(rng.uniform(0, 2 * np.pi)))
