import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from severe_bench.adapt.counting.anchors import best_ratios, offsets_at, targets
from severe_bench.data.repetitions import offsets
from tests.adapt.counting.fakes import ANCHORS, oracle


@given(st.integers(4, 90), st.integers(4, 90), st.integers(-1, 120), st.integers(-1, 120))
def test_targets_anchor_by_anchor(left: int, right: int, past: int, following: int) -> None:
    """Reference notes, section 6.4."""
    states = np.array([[10, 9 + left, 9 + left + right]])
    found = targets(states, np.array([[past, following]]), ANCHORS, 0.5)
    for side, (length, offset) in enumerate(((left, past), (right, following))):
        for number, anchor in enumerate(ANCHORS):
            kind, box = found[0, side, :, number].tolist()
            guess, true = anchor * length, offset + 1
            if offset == -1:
                assert kind == -1
                assert math.isnan(box)
            elif min(guess, true) / max(guess, true) >= 0.5:
                assert kind == 1
                assert box == pytest.approx(math.log(true / guess), abs=1e-6)
            else:
                assert kind == 0
                assert math.isnan(box)


def test_an_anchor_of_exactly_half_the_length_is_positive() -> None:
    states = np.array([[0, 9, 19]])
    found = targets(states, np.array([[4, 19]]), ANCHORS, 0.5)
    assert found[0, 0, 0].tolist() == [1, 1, 1, 1, 0, 0, 0]
    assert found[0, 1, 0].tolist() == [0, 0, 0, 1, 1, 1, 1]


def test_offsets_are_read_at_the_last_frame_before_and_the_first_after() -> None:
    found = offsets([0, 5, 11, 18])
    table = np.stack([found.next, found.previous], axis=1)[None]
    states = np.array([[2, 7, 12]])
    assert offsets_at(states, table, np.array([19])).tolist() == [
        [int(found.previous[7]), int(found.next[8])]
    ]


@pytest.mark.parametrize(
    ("middle", "expected"), [(-3, [-1, -1]), (-1, [-1, 7]), (2, [1, -1]), (9, [-1, -1])]
)
def test_offsets_outside_of_the_clip_are_unknown(middle: int, expected: list[int]) -> None:
    """Even where the table goes on, because it is padded to the longest clip of a batch."""
    table = np.array([[[7, 3], [8, 2], [9, 1], [10, 10], [11, 11]]])
    states = np.array([[0, middle, 20]])
    assert offsets_at(states, table, np.array([3])).tolist() == [expected]


@given(st.floats(0.31, 3.2), st.integers(5, 60))
def test_a_perfect_networks_ratio_is_the_true_one(ratio: float, length: int) -> None:
    states = np.array([[0, length - 1, 2 * length - 1]])
    found = best_ratios(oracle(states, ratio * length), ANCHORS, 0.5)
    np.testing.assert_allclose(found, [[ratio, ratio]], rtol=1e-5)


def test_the_likeliest_anchor_counts_not_the_largest_logit() -> None:
    outputs = np.zeros((1, 2, 3, 7), dtype=np.float32)
    outputs[0, 0, :2, 6] = (90, 91)
    outputs[0, 0, :2, 2] = (-3, 0)
    outputs[0, 1, 1, 4] = 1
    assert best_ratios(outputs, ANCHORS, 2.0).tolist() == [[0.8, 1.25]]


def test_boxes_are_clamped_and_the_first_of_equals_wins() -> None:
    outputs = np.zeros((1, 2, 3, 7), dtype=np.float32)
    outputs[0, :, 2, 0] = (7, -7)
    expected = [[0.5 * math.exp(0.5), 0.5 * math.exp(-0.5)]]
    np.testing.assert_allclose(best_ratios(outputs, ANCHORS, 0.5), expected)
