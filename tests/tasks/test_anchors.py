import numpy as np
import pytest

from severe_bench.tasks.anchors import anchors_of, size_overlap


def test_overlap_of_sizes_about_one_centre() -> None:
    found = size_overlap(np.array([[2.0, 2.0]]), np.array([[1.0, 1.0], [4.0, 2.0], [1.0, 4.0]]))
    assert found[0] == pytest.approx([1 / 4, 1 / 2, 2 / 6])


def test_well_parted_sizes_are_found_whatever_their_order() -> None:
    rng = np.random.default_rng(0)
    centres = np.array([[0.1, 0.1], [0.2, 0.5], [0.5, 0.2], [0.8, 0.9]])
    sizes = np.concatenate([centre * rng.uniform(0.97, 1.03, (50, 2)) for centre in centres])
    found = anchors_of(sizes, 4)
    assert found[np.argsort(found[:, 0])] == pytest.approx(centres, rel=0.02)
    np.testing.assert_allclose(anchors_of(rng.permutation(sizes), 4), found, rtol=1e-9)


def test_small_ones_come_first_and_few_sizes_repeat() -> None:
    found = anchors_of(np.array([[0.5, 0.5], [0.1, 0.1]]), 5)
    assert found.shape == (5, 2)
    assert (np.diff(found.prod(axis=1)) >= 0).all()
