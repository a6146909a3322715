import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from severe_bench.adapt.counting.rollout import DRAWS, Extents, advance, initial, scale
from severe_bench.adapt.counting.states import too_short

UNIT = st.floats(0, 1, exclude_max=True)
DRAWN = hnp.arrays(np.float64, (1, DRAWS), elements=UNIT)


def extents(frames: int, cycle: float, mean: float) -> Extents:
    return Extents(np.array([frames]), np.array([float(cycle)]), np.array([mean]), 30, (0.03, 0.35))


def draws(*numbers: float) -> np.ndarray:
    return np.array([[*numbers, *[0.0] * (DRAWS - len(numbers))]])


@given(st.integers(8, 300), st.integers(1, 12), st.floats(0.3, 2), DRAWN)
def test_first_states_lie_inside(frames: int, count: int, factor: float, drawn: np.ndarray) -> None:
    mean = frames / count
    left, middle, right = initial(extents(frames, factor * mean, mean), drawn)[0].tolist()
    assert 0 <= left <= middle < right < frames
    assert right - middle == middle - left + 1


def test_a_quarter_start_at_the_true_length_times_a_power_of_two() -> None:
    """Left end at half of the first cycle of 20; 2 ** (2 * 0.75 - 1) of it."""
    found = initial(extents(200, 20, 25.0), draws(0.5, 0.1, 0.75))
    length = int(20 * math.sqrt(2) - 1) + 1
    assert found.tolist() == [[10, 9 + length, 9 + 2 * length]]


def test_a_quarter_start_near_half_once_or_twice_the_true_length() -> None:
    for one, factor in ((0.1, 0.5), (0.5, 1.0), (0.9, 2.0)):
        found = initial(extents(400, 40, 40.0), draws(0.0, 0.9, one, 0.75))[0]
        assert found[1] - found[0] + 1 == int(40 * (factor + 0.025) - 1) + 1


def test_the_others_start_at_a_length_that_testing_tries_or_one_beyond() -> None:
    lengths = {
        initial(extents(300, 30, 30.0), draws(0.0, 0.5, (k + 0.5) / 31))[0, 1] + 1
        for k in range(31)
    }
    tried = {max(int(300 * 0.03 * (0.35 / 0.03) ** (k / 29) - 1), 0) + 1 for k in range(31)}
    assert lengths == tried


def test_a_length_that_does_not_fit_gives_way_to_the_mean_and_that_to_the_half() -> None:
    assert initial(extents(60, 40, 20.0), draws(0.9, 0.9, 0.9, 0.5)).tolist() == [[0, 19, 39]]
    assert initial(extents(60, 40, 40.0), draws(0.9, 0.9, 0.9, 0.5)).tolist() == [[0, 29, 59]]


def test_scales_are_geometric() -> None:
    found = scale(np.arange(30.0), 30, (0.03, 0.35))
    np.testing.assert_allclose([found[0], found[-1]], [0.03, 0.35])
    np.testing.assert_allclose(found[1:] / found[:-1], (0.35 / 0.03) ** (1 / 29))


def test_the_middle_moves_by_a_fifth_to_a_twentieth_and_cycles_are_as_predicted() -> None:
    states, ratios = np.array([[10, 19, 29]]), np.array([[1.5, 0.8]])
    far, _ = advance(states, ratios, extents(200, 20, 20.0), draws(0, 0, 0, 0, 0.0))
    near, _ = advance(states, ratios, extents(200, 20, 20.0), draws(0, 0, 0, 0, 0.999999))
    assert far.tolist() == [[45, 59, 67]]
    assert near.tolist() == [[15, 29, 37]]


def test_the_middle_moves_by_a_frame_at_least() -> None:
    states = np.array([[0, 4, 9]])
    moved, _ = advance(states, np.ones((1, 2)), extents(12, 6, 6.0), draws(0, 0, 0, 0, 0.9))
    assert moved.tolist() == [[1, 5, 10]]


def test_a_state_past_the_end_has_ended_and_starts_anew() -> None:
    states, where = np.array([[80, 95, 111]]), extents(100, 20, 20.0)
    drawn = draws(0.2, 0.1, 0.5, 0, 0.3)
    moved, ended = advance(states, np.ones((1, 2)), where, drawn)
    assert ended.tolist() == [True]
    assert moved.tolist() == initial(where, drawn).tolist()


def test_a_state_with_too_short_a_cycle_starts_anew_but_has_not_ended() -> None:
    states, where = np.array([[10, 19, 29]]), extents(100, 20, 20.0)
    drawn = draws(0.2, 0.1, 0.5, 0, 0.3)
    moved, ended = advance(states, np.array([[0.3, 1.0]]), where, drawn)
    assert ended.tolist() == [False]
    assert moved.tolist() == initial(where, drawn).tolist()


@given(st.integers(20, 300), hnp.arrays(np.float64, (1, 2), elements=st.floats(0.07, 14)), DRAWN)
def test_wherever_it_goes_the_state_can_be_looked_at(
    frames: int, ratios: np.ndarray, drawn: np.ndarray
) -> None:
    where = extents(frames, frames / 3, frames / 3)
    states = initial(where, drawn)
    for _ in range(11):
        states, _ = advance(states, ratios, where, drawn)
        left, middle, right = states[0].tolist()
        assert left <= middle < right
        assert 0 <= middle < frames
        assert not too_short(states)[0] or states.tolist() == initial(where, drawn).tolist()
