import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from severe_bench.adapt.counting.states import cycle_lengths, too_short, truncated, window


def one_by_one(state: tuple[float, float, float], frames: int, context: float) -> list[int]:
    """The window in Python's own arithmetic, half by half (reference notes, section 6.3)."""
    lp, mp, rp = state
    start = int(mp + 1)
    halves = (
        (int(lp - (mp - lp + 1) * context), int(mp)),
        (start, int(rp + (rp - start + 1) * context)),
    )
    seen = []
    for first, last in halves:
        gap = (last - first + 1) / (frames // 2 - 1)
        seen += [min(max(round(first - 0.5 + j * gap), first), last) for j in range(frames // 2)]
    return seen


STATES = st.tuples(st.integers(-40, 300), st.integers(1, 90), st.integers(1, 90)).map(
    lambda drawn: (drawn[0], drawn[0] + drawn[1] - 1, drawn[0] + drawn[1] - 1 + drawn[2])
)


@given(STATES, st.sampled_from([4, 8, 32]), st.sampled_from([0.0, 0.5, 1.0]))
def test_windows_are_those_of_the_definition(
    state: tuple[int, int, int], frames: int, context: float
) -> None:
    found = window(np.array([state]), frames, context)
    assert found.tolist() == [one_by_one(state, frames, context)]


@given(st.integers(20, 500), st.floats(0.5, 60))
def test_windows_around_a_centre_between_two_frames(frames: int, length: float) -> None:
    state = (frames / 2 - length, frames / 2, frames / 2 + length + 1)
    assert window(np.array([state]), 32, 1.0).tolist() == [one_by_one(state, 32, 1.0)]


@given(STATES)
def test_a_window_spans_two_cycles_on_either_side(state: tuple[int, int, int]) -> None:
    seen = window(np.array([state]), 32, 1.0)[0]
    left, right = cycle_lengths(np.array([state]))[0].tolist()
    assert (seen[0], seen[15]) == (state[1] + 1 - 2 * left, state[1])
    assert (seen[16], seen[31]) == (state[1] + 1, state[1] + 2 * right)
    assert (np.diff(seen) >= 0).all()


def test_sixteen_frames_a_side_by_hand() -> None:
    """Cycles of 16: two cycles of 32 frames in 16 steps of 32 / 15."""
    seen = window(np.array([[16, 31, 47]]), 32, 1.0)[0].tolist()
    assert seen[:16] == [0, 2, 4, 6, 8, 10, 12, 14, 17, 19, 21, 23, 25, 27, 29, 31]
    assert seen[16:] == [frame + 32 for frame in seen[:16]]


def test_storing_truncates_towards_zero() -> None:
    assert truncated(np.array([-1.5, -0.5, 0.5, 2.9])).tolist() == [-1, 0, 0, 2]


@pytest.mark.parametrize(
    ("state", "short"), [((0, 3, 7), False), ((1, 3, 7), True), ((0, 3, 6), True)]
)
def test_cycles_of_fewer_than_four_frames_are_too_short(
    state: tuple[int, int, int], short: bool
) -> None:
    assert too_short(np.array([state])).tolist() == [short]
