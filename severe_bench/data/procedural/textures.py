"""Two-colour patterns: eight for the ground, five for the surface of an actor.

Every function returns the share of the secondary colour in [0, 1], shaped like its coordinates.
Edges are softened over a fraction of a period so that moving them by parts of a pixel shows.
"""

from collections.abc import Callable

import numpy as np

from severe_bench.data.procedural.scene import FloatArray

Surface = Callable[[FloatArray, FloatArray], FloatArray]
Ground = Callable[[FloatArray, FloatArray, tuple[float, ...]], FloatArray]

TAU = 2 * np.pi


def _soft(signed: FloatArray, slope: float) -> FloatArray:
    share: FloatArray = np.clip(0.5 + slope * signed, 0.0, 1.0)
    return share


def _striped(u: FloatArray, v: FloatArray) -> FloatArray:  # noqa: ARG001 - stripes run along v
    return _soft(np.sin(6.5 * u + 0.8), 1.5)


def _checked(u: FloatArray, v: FloatArray) -> FloatArray:
    return _soft(np.sin(4.5 * u + 0.5) * np.sin(4.5 * v + 0.5), 3.0)


def _halved(u: FloatArray, v: FloatArray) -> FloatArray:
    return _soft(v + 0.15 * u, 4.0)


def _spotted(u: FloatArray, v: FloatArray) -> FloatArray:
    spots = [(0.45, 0.1, 0.28), (-0.35, 0.4, 0.24), (-0.2, -0.45, 0.3)]
    inside = [size * size - (u - x) ** 2 - (v - y) ** 2 for x, y, size in spots]
    return _soft(np.maximum.reduce(inside), 8.0)


def _wedged(u: FloatArray, v: FloatArray) -> FloatArray:
    return _soft(u * (u * u - 3 * v * v), 6.0)


SURFACES: dict[str, Surface] = {
    "striped": _striped,
    "checked": _checked,
    "halved": _halved,
    "spotted": _spotted,
    "wedged": _wedged,
}
"""Actor surfaces by name, in the actor's own coordinates; each one shows a rotation."""


def _stripes(x: FloatArray, y: FloatArray, phases: tuple[float, ...]) -> FloatArray:  # noqa: ARG001
    return _soft(np.sin(TAU * (x + phases[0])), 1.2)


def _checks(x: FloatArray, y: FloatArray, phases: tuple[float, ...]) -> FloatArray:
    return _soft(np.sin(TAU * (x + phases[0])) * np.sin(TAU * (y + phases[1])), 2.5)


def _dots(x: FloatArray, y: FloatArray, phases: tuple[float, ...]) -> FloatArray:
    bumps = np.cos(TAU * (x + phases[0])) + np.cos(TAU * (y + phases[1]))
    return _soft(bumps - 0.9, 1.5)


def _waves(x: FloatArray, y: FloatArray, phases: tuple[float, ...]) -> FloatArray:
    bent = x + 0.3 * np.sin(TAU * (0.6 * y + phases[1]))
    return _soft(np.sin(TAU * (bent + phases[0])), 0.7)


def _clouds(x: FloatArray, y: FloatArray, phases: tuple[float, ...]) -> FloatArray:
    total = np.zeros_like(x)
    for index, phase in enumerate(phases[:6]):
        heading, pitch = TAU * (0.17 * index + phases[6]), 0.35 + 0.13 * index
        total += np.sin(TAU * (pitch * (x * np.cos(heading) + y * np.sin(heading)) + phase))
    return _soft(total, 0.22)


def _bricks(x: FloatArray, y: FloatArray, phases: tuple[float, ...]) -> FloatArray:
    rows = 2 * (y + phases[1])
    columns = x + phases[0] + 0.5 * (np.floor(rows) % 2)
    mortar = np.maximum(np.cos(TAU * rows), np.cos(TAU * columns) - 0.05)
    return _soft(mortar - 0.75, 3.0)


def _rings(x: FloatArray, y: FloatArray, phases: tuple[float, ...]) -> FloatArray:
    radius = np.hypot(x - 2 * phases[0] + 1, y - 2 * phases[1] + 1)
    return _soft(np.sin(TAU * radius), 1.2)


def _ramp(x: FloatArray, y: FloatArray, phases: tuple[float, ...]) -> FloatArray:  # noqa: ARG001
    return _soft(np.sin(TAU * (0.22 * x + phases[0])), 0.5)


GROUNDS: dict[str, Ground] = {
    "stripes": _stripes,
    "checks": _checks,
    "dots": _dots,
    "waves": _waves,
    "clouds": _clouds,
    "bricks": _bricks,
    "rings": _rings,
    "ramp": _ramp,
}
"""Ground textures by name, in coordinates of one wavelength."""
