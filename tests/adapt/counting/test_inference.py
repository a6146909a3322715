"""Against a network that knows the true cycles, and against the definition place by place."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from severe_bench.adapt.counting.anchors import Outputs
from severe_bench.adapt.counting.inference import reading, together
from severe_bench.adapt.counting.states import Floats, States
from severe_bench.tasks.counting import COUNTING, CountingOptions
from tests.adapt.counting.by_definition import by_definition
from tests.adapt.counting.fakes import ANCHORS, oracle

Network = Callable[[States], Outputs]
FULL = CountingOptions()
STEPS = (30, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 8, 16)
"""Windows looked at in each pass: search, refinements, then levels with 4, 2, 1 and 1 turns."""


def read(frames: int, network: Network, options: CountingOptions = FULL) -> tuple[Floats, int]:
    return together([reading(frames, options)], lambda asked: [network(asked[0])])[0]


def count(frames: int, network: Network, options: CountingOptions = FULL) -> int:
    return round(frames * float(read(frames, network, options)[0].mean()))


def noise(seed: int) -> Network:
    """A network without a clue, but the same answer to the same question."""

    def network(states: States) -> Outputs:
        rows = [
            np.random.default_rng([seed, *(int(2 * place) + 10_000 for place in state)]).normal(
                size=(2, 3, len(ANCHORS))
            )
            for state in states
        ]
        return np.array(rows, dtype=np.float32)

    return network


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 30), st.integers(8, 40))
def test_a_perfect_network_counts_steady_repetitions(cycles: int, length: int) -> None:
    """Exactly, but for storing truncated states, which shortens cycles and so counts a few more."""
    frames = cycles * length
    found = count(frames, lambda states: oracle(states, float(length)))
    assert 0 <= found - cycles <= round(cycles / 12)


def test_a_perfect_network_follows_a_changing_tempo() -> None:
    """Cycles of 10 frames, then of 20: 12 + 6 in 240 frames, where one tempo would be 12 or 24."""

    def network(states: States) -> Outputs:
        return oracle(states, np.where(states[:, 1] < 120, 10.0, 20.0))

    assert abs(count(240, network) - 18) <= 1


def test_how_often_and_about_how_many_windows_a_network_is_asked() -> None:
    asked: list[int] = []

    def network(states: States) -> Outputs:
        asked.append(len(states))
        return oracle(states, 17.0)

    assert read(200, network)[1] == sum(STEPS)
    assert tuple(asked) == STEPS


@pytest.mark.parametrize("given", [{}, {"scales": 16, "levels": 2}, {"levels": 1}, {"levels": 6}])
def test_estimates_know_how_many_windows_that_is(given: dict[str, int]) -> None:
    options = CountingOptions.model_validate(given)
    assert COUNTING.clips is not None
    assert COUNTING.clips(options)[1] == read(200, lambda s: oracle(s, 17.0), options)[1]


def test_the_search_tries_thirty_lengths_at_the_centre() -> None:
    states = next(reading(201, FULL))
    lengths = 201 * 0.03 * (0.35 / 0.03) ** (np.arange(30) / 29)
    np.testing.assert_allclose(states[:, 1], 100.5)
    np.testing.assert_allclose(states[:, 0], 100.5 - lengths)
    np.testing.assert_allclose(states[:, 2], 101.5 + lengths)


def test_videos_side_by_side_are_counted_as_if_alone() -> None:
    frames, networks = (90, 150, 300), [noise(seed) for seed in range(3)]
    found = together(
        [reading(length, FULL) for length in frames],
        lambda asked: [network(states) for network, states in zip(networks, asked, strict=True)],
    )
    for (together_, _), length, network in zip(found, frames, networks, strict=True):
        np.testing.assert_array_equal(together_, read(length, network)[0])


def test_without_a_usable_place_the_length_at_the_centre_counts() -> None:
    """A cycle of almost half the video: no place has two cycles on either side.

    The released code scales s where the cycle that it looks at has s + 1 frames: 27, not 28.
    """
    found, _ = read(60, lambda states: oracle(states, 29.0))
    assert len(found) == 1
    assert found[0] == pytest.approx(1 / 28)


def test_where_no_length_is_believed_every_frame_is_a_repetition() -> None:
    """Seven frames hold no two cycles of four; the released code counts all frames then."""
    assert count(7, lambda states: oracle(states, 3.0)) == 7


@pytest.mark.parametrize("levels", [2, 4, 5])
@pytest.mark.parametrize("seed", range(8))
def test_agrees_with_the_definition_place_by_place(seed: int, levels: int) -> None:
    """On networks that answer at random, so that no branch is spared."""
    frames = int(np.random.default_rng(seed).integers(12, 400))
    options = CountingOptions(levels=levels)
    found = frames * float(read(frames, noise(seed), options)[0].mean())
    assert found == pytest.approx(by_definition(frames, noise(seed), levels), rel=1e-12)
