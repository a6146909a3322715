import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from severe_bench.metrics.overlap import box_iou, span_iou, tube_iou
from tests.metrics.brute_force import Box, iou
from tests.metrics.brute_force import tube_iou as slow_tube_iou

NONE = (np.nan,) * 4


def boxes(*shape: int) -> st.SearchStrategy[np.ndarray]:
    """On a coarse grid, so that edges coincide; some without area or upside down."""
    return arrays(np.int64, (*shape, 4), elements=st.integers(0, 6)).map(lambda a: a / 6.0)


@given(boxes(3), boxes(4))
def test_overlap_of_boxes_is_shared_by_joint_area(left: np.ndarray, right: np.ndarray) -> None:
    found = box_iou(left, right)
    for row, one in enumerate(left):
        for column, other in enumerate(right):
            upright = (one[:2] < one[2:]).all() and (other[:2] < other[2:]).all()
            expected = iou(tuple(one), tuple(other)) if upright else 0.0
            assert found[row, column] == pytest.approx(expected)


def test_leading_dimensions_are_kept_apart() -> None:
    left, right = np.random.default_rng(0).random((2, 5, 3, 4))
    together = box_iou(left, right)
    for number in range(5):
        np.testing.assert_array_equal(together[number], box_iou(left[number], right[number]))


def test_no_box_overlaps_nothing_and_warns_not() -> None:
    whole = (0.0, 0.0, 1.0, 1.0)
    with np.errstate(all="raise"):
        assert box_iou(np.array([NONE, whole]), np.array([whole, NONE])).tolist() == [
            [0, 0],
            [1, 0],
        ]
    assert box_iou(np.empty((0, 4)), np.empty((2, 4))).shape == (0, 2)


@given(boxes(2, 5), boxes(2, 5), arrays(np.bool_, (2, 2, 5)))
def test_overlap_of_tubes_is_over_the_frames_that_either_has(
    left: np.ndarray, right: np.ndarray, there: np.ndarray
) -> None:
    left[..., 2:] = left[..., :2] + 0.5
    right[..., 2:] = right[..., :2] + 0.5
    left[~there[0]] = np.nan
    right[~there[1]] = np.nan
    found = tube_iou(left, right)
    for row, one in enumerate(left):
        for column, other in enumerate(right):
            assert found[row, column] == pytest.approx(slow_tube_iou(_dict(one), _dict(other)))


def test_half_the_time_at_full_overlap_is_a_half() -> None:
    box = np.array([0.1, 0.1, 0.4, 0.6])
    whole = np.tile(box, (1, 8, 1))
    half = whole.copy()
    half[:, 4:] = np.nan
    assert tube_iou(whole, half) == pytest.approx(0.5)


def _dict(tube: np.ndarray) -> dict[int, Box]:
    return {frame: tuple(box) for frame, box in enumerate(tube) if not np.isnan(box[0])}


STRETCHES = arrays(np.int64, (3, 2), elements=st.integers(0, 6)).map(lambda a: np.sort(a, axis=1))


@given(STRETCHES, STRETCHES)
def test_overlap_of_stretches_is_shared_by_joint_length(
    left: np.ndarray, right: np.ndarray
) -> None:
    found = span_iou(left, right)
    for row, one in enumerate(left):
        for column, other in enumerate(right):
            mine, theirs = set(range(*one)), set(range(*other))
            joint = len(mine | theirs)
            expected = len(mine & theirs) / joint if joint else 0.0
            assert found[row, column] == pytest.approx(expected)
