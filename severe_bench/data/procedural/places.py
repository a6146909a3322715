"""Where several actors stand without getting into each other's way."""

from dataclasses import replace

import numpy as np

from severe_bench.data.procedural.scene import FloatArray, Look

SPOTS = {
    1: ((27.5, 29.0),),
    2: ((14.5, 29.0), (41.5, 29.0)),
    3: ((14.5, 19.0), (41.5, 19.0), (28.0, 43.0)),
    4: ((14.5, 18.0), (41.5, 18.0), (14.5, 43.0), (41.5, 43.0)),
}
"""Middles of the spots for so many actors, in pixels of a 56-pixel frame."""


def apart(count: int, rng: np.random.Generator, reach: float = 3.0) -> tuple[FloatArray, ...]:
    """Draw places for one to four actors, within `reach` of the middles of their spots."""
    spots = rng.permutation(np.array(SPOTS[count]))
    return tuple((spots + rng.uniform(-reach, reach, spots.shape)).astype(np.float32))


def smaller(look: Look, factor: float) -> Look:
    """The same look with `factor` times the radius."""
    return replace(look, radius=factor * look.radius)
