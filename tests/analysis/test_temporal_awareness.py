"""Eq. B.1 by hand."""

import pytest

from severe_bench.analysis.temporal_awareness import temporal_awareness


def test_the_first_frame_that_brings_less_than_one_per_cent() -> None:
    # From 1 to 5 frames 5 points each (10 % to 7.1 %), then 0.1 a frame (0.14 %).
    assert temporal_awareness({1: 50.0, 5: 70.0, 15: 71.0}) == 5


def test_interpolation_may_end_within_a_stretch() -> None:
    # 1 point a frame from 98 on: 100 * 1 / f < 1 as soon as f > 100, so at 101 = f(4).
    assert temporal_awareness({1: 98.0, 11: 108.0}) == 4


def test_alpha_is_relative_to_the_score() -> None:
    curve = {1: 10.0, 2: 10.5, 3: 10.6}
    assert temporal_awareness(curve) == 2
    assert temporal_awareness(curve, alpha=10.0) == 1
    assert temporal_awareness(curve, alpha=0.5) is None


def test_a_falling_curve_is_flat_at_once_and_a_rising_one_never() -> None:
    assert temporal_awareness({4: 60.0, 8: 50.0}) == 4
    assert temporal_awareness({1: 10.0, 8: 90.0}) is None


def test_what_has_no_answer_is_refused() -> None:
    with pytest.raises(ValueError, match="two numbers"):
        temporal_awareness({8: 50.0})
    with pytest.raises(ValueError, match="above zero"):
        temporal_awareness({1: 0.0, 2: 50.0})
