import numpy as np
import pytest

from severe_bench.data.procedural.processes import GRAVITY, PROCESSES, drop
from severe_bench.data.procedural.scene import FloatArray, Stage

STAGE = Stage(frames=48, size=56)


def rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def activity(name: str, seed: int) -> FloatArray:
    """How much changes from frame to frame, all things of the process together."""
    motions = PROCESSES[name](STAGE, rng(seed))
    way = sum(np.linalg.norm(np.diff(m.centre, axis=0), axis=1) for m in motions)
    turned = sum(10 * np.abs(np.diff(m.angle)) for m in motions)
    grown = sum(10 * np.abs(np.diff(m.scale)) for m in motions)
    return np.asarray(way + turned + grown)


@pytest.mark.parametrize("name", [name for name in PROCESSES if name != "drop"])
def test_everything_runs_down(name: str) -> None:
    for seed in range(30):
        moved = activity(name, seed)
        assert moved[:16].sum() > 1.5 * moved[-16:].sum()


def test_bounces_get_lower_and_free_fall_is_that_of_gravity() -> None:
    for seed in range(30):
        (motion,) = drop(Stage(frames=480, size=56), rng(seed))
        y = motion.centre[:, 1].astype(float)
        floor = y.max()
        peaks = [k for k in range(1, 479) if y[k] < y[k - 1] and y[k] <= y[k + 1]]
        heights = floor - y[peaks]
        assert len(heights) >= 2
        assert (np.diff(heights) < 0).all()
        ratio = heights[1] / heights[0]
        assert 0.66**2 - 0.03 < ratio < 0.76**2 + 0.03
        # Aloft, the second difference is constant: gravity over the square of the frame's time.
        middle = peaks[0]
        bend = y[middle - 3] - 2 * y[middle] + y[middle + 3]
        assert bend * (479 / 3) ** 2 == pytest.approx(GRAVITY, rel=0.1)


@pytest.mark.parametrize("name", PROCESSES)
def test_things_stay_in_the_frame(name: str) -> None:
    for seed in range(40):
        for motion in PROCESSES[name](STAGE, rng(seed)):
            assert motion.centre.min() > 0
            assert motion.centre.max() < 56


def test_a_burst_has_several_pieces_and_the_rest_one_thing() -> None:
    counts = {name: len(PROCESSES[name](STAGE, rng(1))) for name in PROCESSES}
    assert 4 <= counts.pop("burst") <= 6
    assert set(counts.values()) == {1}
