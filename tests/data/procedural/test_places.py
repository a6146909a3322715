import numpy as np
import pytest

from severe_bench.data.procedural.places import apart, smaller
from tests.data.procedural.stages import look


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_places_are_apart_and_in_the_frame(count: int) -> None:
    first = set()
    for seed in range(30):
        places = np.array(apart(count, np.random.default_rng(seed)))
        assert places.shape == (count, 2)
        assert places.min() > 10
        assert places.max() < 47
        gaps = np.linalg.norm(places[:, None] - places[None], axis=-1) + 99 * np.eye(count)
        assert gaps.min() > 15
        first.add(tuple(places[0] > 27))
    assert count == 1 or len(first) > 1  # spots are dealt at random


def test_a_smaller_look_differs_in_its_radius_only() -> None:
    before, after = look(radius=10.0), smaller(look(radius=10.0), 0.5)
    assert after.radius == 5.0
    assert smaller(after, 2.0) == before
