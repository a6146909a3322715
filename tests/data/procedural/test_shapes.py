import numpy as np
import pytest

from severe_bench.data.procedural.shapes import SHAPES, coverage

U, V = (axis.astype(np.float32) for axis in np.meshgrid(*[np.linspace(-1.5, 1.5, 601)] * 2))
CELL = (3.0 / 600) ** 2

AREAS = {
    "disc": np.pi * 0.9**2,
    "square": 1.5**2,
    "triangle": 3 * np.sqrt(3) * 0.5**2,
    "cross": 2 * (2 * 0.33) * (2 * 0.95) - (2 * 0.33) ** 2,
    "ring": np.pi * (0.95**2 - 0.45**2),
    "bar": 1.9 * 0.76,
    "star": np.pi * 0.68**2 * (1 + 0.45**2 / 2),
}
"""Areas in square radii, from the geometry of each figure."""


@pytest.mark.parametrize("shape", AREAS)
def test_area_is_that_of_the_figure(shape: str) -> None:
    assert (SHAPES[shape](U, V) > 0).sum() * CELL == pytest.approx(AREAS[shape], rel=0.01)


def test_crescent_is_a_disc_with_a_bite() -> None:
    inside = np.hypot(U, V) < 0.95
    bitten = np.hypot(U - 0.5, V) < 0.6
    differing = (SHAPES["crescent"](U, V) > 0) != (inside & ~bitten)
    assert differing.mean() < 1e-4  # single precision on the outline


@pytest.mark.parametrize("shape", SHAPES)
def test_every_shape_stays_within_its_radius(shape: str) -> None:
    inside = SHAPES[shape](U, V) > 0
    assert np.hypot(U, V)[inside].max() <= 1.1
    assert not inside[0].any()


@pytest.mark.parametrize("shape", SHAPES)
def test_coverage_is_a_share_with_an_edge_of_about_a_pixel(shape: str) -> None:
    share = coverage(shape, U, V, np.float32(12))
    assert share.min() == 0
    assert share.max() == 1
    edge = ((share > 0) & (share < 1)).mean() / (share > 0).mean()
    assert 0 < edge < 0.5
