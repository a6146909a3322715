"""The eight silhouettes, each as a signed distance to its outline.

Every function takes coordinates in units of the actor's radius, in the actor's own frame, and
returns a value of the same shape: positive inside, negative outside, about the distance in radii.
"""

from collections.abc import Callable

import numpy as np

from severe_bench.data.procedural.scene import FloatArray

Shape = Callable[[FloatArray, FloatArray], FloatArray]


def _disc(u: FloatArray, v: FloatArray) -> FloatArray:
    return 0.9 - np.sqrt(u * u + v * v)


def _square(u: FloatArray, v: FloatArray) -> FloatArray:
    return 0.75 - np.maximum(np.abs(u), np.abs(v))


def _triangle(u: FloatArray, v: FloatArray) -> FloatArray:
    slanted = 0.8660254 * np.abs(v) + 0.5 * u
    return 0.5 - np.maximum(slanted, -u)


def _star(u: FloatArray, v: FloatArray) -> FloatArray:
    u2, v2 = u * u, v * v
    radius2 = u2 + v2 + 1e-6
    radius = np.sqrt(radius2)
    five_fold = u * (u2 * u2 - 10 * u2 * v2 + 5 * v2 * v2) / (radius2 * radius2 * radius)
    return 0.68 * (1 + 0.45 * five_fold) - radius


def _cross(u: FloatArray, v: FloatArray) -> FloatArray:
    u, v = np.abs(u), np.abs(v)
    upright = np.minimum(0.33 - u, 0.95 - v)
    lying = np.minimum(0.95 - u, 0.33 - v)
    both: FloatArray = np.maximum(upright, lying)
    return both


def _ring(u: FloatArray, v: FloatArray) -> FloatArray:
    return 0.25 - np.abs(np.sqrt(u * u + v * v) - 0.7)


def _bar(u: FloatArray, v: FloatArray) -> FloatArray:
    return np.minimum(0.95 - np.abs(u), 0.38 - np.abs(v))


def _crescent(u: FloatArray, v: FloatArray) -> FloatArray:
    v2 = v * v
    bite = np.sqrt((u - 0.5) * (u - 0.5) + v2) - 0.6
    return np.minimum(0.95 - np.sqrt(u * u + v2), bite)


SHAPES: dict[str, Shape] = {
    "disc": _disc,
    "square": _square,
    "triangle": _triangle,
    "star": _star,
    "cross": _cross,
    "ring": _ring,
    "bar": _bar,
    "crescent": _crescent,
}
"""Silhouettes by name."""


def coverage(shape: str, u: FloatArray, v: FloatArray, radius: FloatArray) -> FloatArray:
    """Fraction of each pixel that the shape covers, in [0, 1], with an edge one pixel wide.

    Args:
        shape: a key of `SHAPES`.
        u: coordinate along the actor's own first axis, in radii.
        v: coordinate along its second axis, in radii.
        radius: pixels per unit of `u`, broadcast against it.
    """
    share: FloatArray = np.clip(SHAPES[shape](u, v) * radius + 0.5, 0.0, 1.0)
    return share
