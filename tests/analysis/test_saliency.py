"""Maps and boxes by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from severe_bench.analysis.saliency import activation_map, coverage, energy, in_centre_crop

LEFT_HALF = (0.0, 0.0, 0.5, 1.0)


def test_the_map_is_the_mean_of_rectified_channels() -> None:
    maps = np.array([[[[1.0, -2.0]]], [[[3.0, 4.0]]]])
    assert activation_map(maps).tolist() == [[[2.0, 2.0]]]


def test_a_flat_map_has_the_share_of_the_area_and_a_sharp_one_all_or_nothing() -> None:
    boxes = [[LEFT_HALF]] * 4
    flat = energy(np.ones((2, 3, 3)), boxes)
    assert flat is not None
    assert flat.inside == pytest.approx(0.5)
    assert (flat.area, flat.gain) == (pytest.approx(0.5), pytest.approx(1.0))
    sharp = np.zeros((1, 2, 2))
    sharp[0, :, 0] = 1.0
    assert energy(sharp, boxes).inside == 1.0  # type: ignore[union-attr]
    assert energy(sharp[:, :, ::-1], boxes).inside == 0.0  # type: ignore[union-attr]


def test_frames_are_split_over_the_steps_of_the_map() -> None:
    """An object in two of four frames, and a map that looks there in its first step."""
    boxes = [[LEFT_HALF], [LEFT_HALF], [], []]
    map_ = np.zeros((2, 1, 2))
    map_[0, 0, 0] = 3.0
    map_[1, 0, 0] = 1.0
    found = energy(map_, boxes)
    assert found is not None
    assert found.inside == pytest.approx(0.75)
    assert found.area == pytest.approx(0.25)


def test_overlapping_boxes_count_once_and_cells_by_their_part() -> None:
    cover = coverage([[LEFT_HALF, (0.25, 0.0, 0.5, 1.0)]], (1, 1, 1))
    assert cover.tolist() == [[[0.5]]]
    quarter = coverage([[(0.0, 0.0, 0.25, 1.0)]], (1, 1, 2))
    assert quarter.tolist() == [[[0.5, 0.0]]]


def test_without_boxes_there_is_nothing_to_say_and_an_empty_map_says_nothing() -> None:
    assert energy(np.ones((1, 2, 2)), [[], []]) is None
    found = energy(np.zeros((1, 2, 2)), [[LEFT_HALF]])
    assert found is not None
    assert np.isnan(found.inside)


@given(st.integers(1, 4), st.integers(1, 5), st.integers(1, 5), st.integers(0, 99))
def test_shares_lie_between_0_and_1(steps: int, rows: int, columns: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    corners = np.sort(rng.random((steps * 2, 2, 2)), axis=1)
    boxes = [[(c[0, 0], c[0, 1], c[1, 0], c[1, 1])] for c in corners]
    found = energy(rng.random((steps, rows, columns)), boxes)
    if found is not None:
        assert 0 <= found.inside <= 1 + 1e-12
        assert 0 < found.area <= 1


def test_boxes_go_through_resizing_and_cropping() -> None:
    # 48 x 48 becomes 54 x 54, the crop of 48 leaves 3 pixels out on every side.
    assert in_centre_crop((0.0, 0.0, 1.0, 1.0), 48, 48, 48, 48 / 54) == (0.0, 0.0, 1.0, 1.0)
    found = in_centre_crop((0.5, 0.5, 0.75, 0.75), 48, 48, 48, 48 / 54)
    assert found == pytest.approx((0.5, 0.5, (40.5 - 3) / 48, (40.5 - 3) / 48))
    assert in_centre_crop((0.0, 0.0, 0.02, 0.02), 48, 48, 48, 48 / 54) is None
    # A wide frame loses its sides: of 100 x 200 at side 100 the middle half is left.
    wide = in_centre_crop((0.25, 0.0, 0.5, 1.0), 100, 200, 100, 1.0)
    assert wide == pytest.approx((0.0, 0.0, 0.5, 1.0))
