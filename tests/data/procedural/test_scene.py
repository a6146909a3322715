import dataclasses

import numpy as np
import pytest

from severe_bench.data.procedural.motions import along, move_then_spin
from severe_bench.data.procedural.render import render
from severe_bench.data.procedural.scene import Actor, Phase, Stage
from tests.data.procedural.stages import CHECKS, STAGE, look, scene, still


def test_turns_and_speed_of_a_known_motion() -> None:
    stage = Stage(frames=5, size=56)
    centre = np.array([[0, 0], [3, 4], [6, 8], [9, 12], [12, 16]], np.float32)
    motion = along("x", stage, centre, angle=np.array([0, 1, 2, 3, 4]) * np.pi / 4)
    assert motion.speed == pytest.approx(5.0)
    assert motion.turns == pytest.approx(0.5)


def test_backwards_flips_phases_and_arrays() -> None:
    motion = move_then_spin(STAGE, np.random.default_rng(0))
    flipped = motion.backwards("there")
    assert [phase.name for phase in flipped.phases] == ["spin", "move"]
    switch = motion.phases[0].end
    assert flipped.phases[0] == Phase("spin", 0, STAGE.frames - switch)
    assert flipped.turns == pytest.approx(-motion.turns)
    np.testing.assert_array_equal(flipped.centre[::-1], motion.centre)


def test_backwards_scene_renders_to_the_reversed_frames() -> None:
    rng = np.random.default_rng(1)
    moving = Actor(look(), move_then_spin(STAGE, rng))
    forwards = scene(
        moving, backdrop=CHECKS, offset=rng.normal(0, 2, (STAGE.frames, 2)), grain=0.05
    )
    frames = render(forwards)
    assert (frames != frames[::-1]).any()
    np.testing.assert_array_equal(render(forwards.backwards()), frames[::-1])


def test_a_bigger_stage_scales_the_path() -> None:
    small, large = still(Stage(4, 56)), still(Stage(4, 112))
    np.testing.assert_allclose(large.centre, 2 * small.centre)


def test_scene_counts_its_distractors() -> None:
    assert scene(Actor(look(), still()), Actor(look("bar"), still())).distractors == 1


def test_parts_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        look().radius = 3.0
