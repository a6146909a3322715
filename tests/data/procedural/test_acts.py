from itertools import pairwise

import numpy as np
import pytest

from severe_bench.data.procedural.acts import MANNERS, Act, even_act, others, perform
from severe_bench.data.procedural.scene import Phase, Stage

STAGE = Stage(frames=60, size=56)
HOME = np.array([28.0, 30.0], np.float32)
BOUNDS = (10, 21, 34, 45)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("manner", MANNERS)
def test_an_actor_is_at_rest_at_every_bound_and_outside(manner: str) -> None:
    motion = perform("x", STAGE, HOME, 0.3, [Act(manner, BOUNDS, side=-1.0)])
    still = [*range(BOUNDS[0] + 1), *BOUNDS, *range(BOUNDS[-1], STAGE.frames)]
    np.testing.assert_allclose(motion.centre[still], np.tile(HOME, (len(still), 1)), atol=1e-4)
    np.testing.assert_allclose(motion.scale[still], 1.0, atol=1e-5)
    np.testing.assert_allclose(np.sin(motion.angle[still] - 0.3), 0.0, atol=1e-4)


@pytest.mark.parametrize("manner", MANNERS)
def test_an_actor_moves_in_every_cycle(manner: str) -> None:
    motion = perform("x", STAGE, HOME, 0.3, [Act(manner, BOUNDS)])
    steps = np.abs(np.diff(motion.centre, axis=0)).sum(axis=1)
    steps += 10 * np.abs(np.diff(motion.scale)) + 10 * np.abs(np.diff(motion.angle))
    for start, end in pairwise(BOUNDS):
        assert steps[start:end].max() > 0.5


def test_acts_follow_each_other_with_rests() -> None:
    acts = [Act("hop", (5, 15)), Act("spin", (15, 25, 35), side=-1.0), Act("swell", (45, 60))]
    motion = perform("x", STAGE, HOME, 0.0, acts)
    assert motion.phases == (
        Phase("rest", 0, 5),
        Phase("hop", 5, 15),
        Phase("spin", 15, 35),
        Phase("rest", 35, 45),
        Phase("swell", 45, 60),
    )
    assert motion.count == 4
    assert motion.turns == pytest.approx(-2)
    assert motion.centre[10, 1] == pytest.approx(30 - 15, abs=0.1)
    assert motion.scale[52] > 1.5


def test_a_bigger_stage_scales_the_extent() -> None:
    acts = [Act("sway", (0, 8))]
    small = perform("x", Stage(9, 56), HOME, 0.0, acts)
    large = perform("x", Stage(9, 112), HOME, 0.0, acts)
    np.testing.assert_allclose(large.centre, 2 * small.centre, rtol=1e-5)


def test_even_acts_fill_their_time_in_cycles_of_about_8_to_14_frames() -> None:
    for seed in range(60):
        act = even_act("hop", 3, 47, rng(seed))
        assert (act.bounds[0], act.bounds[-1]) == (3, 47)
        assert act.side in (-1.0, 1.0)
        lengths = np.diff(act.bounds)
        assert 7 <= lengths.min() <= lengths.max() <= 15
        assert np.ptp(lengths) <= 1


def test_a_short_act_is_one_cycle() -> None:
    assert even_act("hop", 0, 3, rng()).bounds == (0, 3)


def test_others_hold_the_first_once_and_are_all_different() -> None:
    places = set()
    for seed in range(50):
        drawn = others(rng(seed), "c", "abcde", 3)
        assert len(set(drawn)) == 3
        assert set(drawn) <= set("abcde")
        places.add(drawn.index("c"))
    assert places == {0, 1, 2}
