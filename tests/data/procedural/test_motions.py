import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import find_peaks

from severe_bench.data.procedural import motions, paths
from severe_bench.data.procedural.motions import MOTIONS, TAU, MotionMaker, pace
from severe_bench.data.procedural.scene import Motion, Stage

STAGE = Stage(frames=16, size=56)
ALL = {
    **MOTIONS,
    "move_then_spin": motions.move_then_spin,
    "spin_then_move": motions.spin_then_move,
    **{
        maker.__name__: maker
        for maker in (
            paths.circle,
            paths.zigzag,
            paths.arcs,
            paths.figure_eight,
            paths.pendulum,
            paths.dash_and_return,
        )
    },
    **{maker.__name__: maker for pair in paths.REVERSED_PAIRS for maker in pair},
}
PAIRS = motions.REVERSED_PAIRS + paths.REVERSED_PAIRS
seeds = st.integers(0, 2**32 - 1)


def drawn(maker: MotionMaker, seed: int, stage: Stage = STAGE) -> Motion:
    return maker(stage, np.random.default_rng(seed))


@given(seed=seeds, frames=st.integers(2, 60))
def test_pace_rises_from_zero_to_one(seed: int, frames: int) -> None:
    progress = pace(Stage(frames, 56), np.random.default_rng(seed))
    assert progress[0] == pytest.approx(0, abs=1e-6)
    assert progress[-1] == pytest.approx(1, abs=1e-6)
    assert (np.diff(progress) > 0).all()


@pytest.mark.parametrize("name", ALL)
@given(seed=seeds, frames=st.integers(8, 48))
def test_every_motion_fits_its_stage(name: str, seed: int, frames: int) -> None:
    motion = drawn(ALL[name], seed, Stage(frames, 56))
    assert motion.kind == name
    assert motion.centre.shape == (frames, 2)
    assert motion.angle.shape == motion.scale.shape == (frames,)
    assert motion.centre.dtype == motion.angle.dtype == motion.scale.dtype == np.float32
    assert motion.centre.min() > 4
    assert motion.centre.max() < 51
    assert 0.5 < motion.scale.min() <= motion.scale.max() < 1.5
    edges = [edge for phase in motion.phases for edge in (phase.start, phase.end)]
    assert edges[0] == 0
    assert edges[-1] == frames
    assert edges[1:-1:2] == edges[2:-1:2]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair[0].__name__)
@given(seed=seeds)
def test_pairs_are_exact_reversals(pair: tuple[MotionMaker, MotionMaker], seed: int) -> None:
    there, back = drawn(pair[0], seed), drawn(pair[1], seed)
    np.testing.assert_array_equal(there.centre[::-1], back.centre)
    np.testing.assert_array_equal(there.angle[::-1], back.angle)
    np.testing.assert_array_equal(there.scale[::-1], back.scale)


@pytest.mark.parametrize(
    ("maker", "step"),
    [
        (motions.right, (1, 0)),
        (motions.left, (-1, 0)),
        (motions.down, (0, 1)),
        (motions.up, (0, -1)),
        (paths.hops_right, (1, None)),
        (paths.hops_left, (-1, None)),
        (paths.slalom_down, (None, 1)),
        (paths.slalom_up, (None, -1)),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
@given(seed=seeds)
def test_directions(maker: MotionMaker, step: tuple[int | None, int | None], seed: int) -> None:
    steps = np.diff(drawn(maker, seed).centre, axis=0)
    for axis, sign in enumerate(step):
        if sign is not None:
            assert (np.sign(np.round(steps[:, axis], 4)) == sign).all()


@pytest.mark.parametrize(
    ("maker", "sign"), [(motions.spin, 1), (motions.counterspin, -1)], ids=["spin", "counterspin"]
)
def test_sense_of_a_spin(maker: MotionMaker, sign: int) -> None:
    motion = drawn(maker, 4)
    assert (np.sign(np.diff(motion.angle)) == sign).all()
    assert 0.75 <= sign * motion.turns <= 1.5


@given(seed=seeds)
def test_arc_runs_clockwise_on_the_screen(seed: int) -> None:
    path = drawn(paths.arc_clockwise, seed, Stage(32, 56)).centre
    steps = np.diff(path, axis=0)
    bend = steps[:-1, 0] * steps[1:, 1] - steps[:-1, 1] * steps[1:, 0]
    assert (bend > 0).all()  # y points down, so a positive cross product is clockwise


def test_growing_and_shrinking() -> None:
    assert (np.diff(drawn(motions.grow, 1).scale) > 0).all()
    assert (np.diff(drawn(motions.shrink, 1).scale) < 0).all()


@given(seed=seeds)
def test_temporal_order_of_move_then_spin(seed: int) -> None:
    motion = drawn(motions.move_then_spin, seed)
    moving = np.linalg.norm(np.diff(motion.centre, axis=0), axis=1) > 1e-3
    spinning = np.abs(np.diff(motion.angle)) > 1e-3
    assert not (moving & spinning).any()
    switch = motion.phases[0].end
    assert moving[: switch - 1].all()
    assert not moving[switch - 1 :].any()
    assert spinning[switch - 1 :].all()


@pytest.mark.parametrize("maker", [motions.hop, paths.arcs, paths.hops_right])
@given(seed=seeds)
def test_count_is_the_number_of_bounds(maker: MotionMaker, seed: int) -> None:
    motion = drawn(maker, seed, Stage(120, 56))
    peaks, _ = find_peaks(-motion.centre[:, 1], prominence=4)
    assert len(peaks) == motion.count


@pytest.mark.parametrize("maker", [motions.sway, motions.pulse, paths.pendulum])
@given(seed=seeds)
def test_count_is_the_number_of_swings(maker: MotionMaker, seed: int) -> None:
    motion = drawn(maker, seed, Stage(240, 56))
    signal = motion.scale if maker is motions.pulse else motion.centre[:, 0]
    turns = (np.diff(np.sign(np.diff(signal.astype(float)))) != 0).sum()
    assert abs(turns / 2 - motion.count) <= 1


@pytest.mark.parametrize("maker", [motions.orbit, paths.circle])
@given(seed=seeds)
def test_count_is_the_number_of_rounds(maker: MotionMaker, seed: int) -> None:
    path = drawn(maker, seed, Stage(120, 56)).centre
    # The circle through three spread points of the path: an independent way to its middle.
    a, b, c = path[0].astype(float), path[20].astype(float), path[45].astype(float)
    system = 2 * np.array([b - a, c - a])
    middle = np.linalg.solve(system, [b @ b - a @ a, c @ c - a @ a])
    bearing = np.unwrap(np.arctan2(*(path - middle).T[::-1]))
    rounds = abs(bearing[-1] - bearing[0]) / TAU
    assert rounds == pytest.approx(drawn(maker, seed, Stage(120, 56)).count, abs=0.02)


def test_dash_and_return_is_faster_out_than_back() -> None:
    motion = drawn(paths.dash_and_return, 0, Stage(60, 56))
    np.testing.assert_allclose(motion.centre[0], motion.centre[-1], atol=1e-4)
    speed = np.linalg.norm(np.diff(motion.centre, axis=0), axis=1)
    dash, wait, back = motion.phases
    assert speed[: dash.end].mean() > speed[back.start :].mean() > 0.1
    assert speed[wait.start : wait.end].max() < 1e-4


@pytest.mark.parametrize("name", ALL)
def test_equal_generators_draw_equal_motions(name: str) -> None:
    one, two = drawn(ALL[name], 9), drawn(ALL[name], 9)
    np.testing.assert_array_equal(one.centre, two.centre)
    assert one.phases == two.phases
