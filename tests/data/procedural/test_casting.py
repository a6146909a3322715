import colorsys

import numpy as np
import pytest

from severe_bench.data.procedural.casting import (
    GROUND_CONTRAST,
    compose,
    draw_any_backdrop,
    draw_any_look,
    draw_backdrop,
    draw_camera,
    draw_clutter,
    draw_look,
    keep_hue_or,
    keep_or,
)
from severe_bench.data.procedural.motions import right
from severe_bench.data.procedural.scene import Stage
from tests.data.procedural.stages import CHECKS

STAGE = Stage(frames=16, size=56)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_keep_or_keeps_as_often_as_it_says() -> None:
    made, options = rng(), ("a", "b", "c", "d")
    drawn = [keep_or(made, "a", 0.7, options) for _ in range(4000)]
    # .7 kept and a quarter of the remaining .3 drawn by chance.
    assert drawn.count("a") / 4000 == pytest.approx(0.775, abs=0.025)
    assert drawn.count("c") / 4000 == pytest.approx(0.075, abs=0.02)


def test_keep_hue_or_wraps_and_keeps_as_often_as_it_says() -> None:
    made = rng()
    hues = np.array([keep_hue_or(made, 0.99, 0.75) for _ in range(4000)])
    assert hues.min() >= 0
    assert hues.max() < 1
    distance = np.minimum(np.abs(hues - 0.99), 1 - np.abs(hues - 0.99))
    assert (distance <= 0.03).mean() == pytest.approx(0.75 + 0.25 * 0.06, abs=0.03)


def test_look_has_its_hue_and_radius() -> None:
    made = rng()
    for _ in range(50):
        look = draw_look(STAGE, made, "bar", "striped", 0.3)
        assert (look.shape, look.surface) == ("bar", "striped")
        assert 10 <= look.radius <= 14
        assert colorsys.rgb_to_hsv(*look.primary)[0] == pytest.approx(0.3, abs=1e-6)


def test_ground_colours_lie_close_together() -> None:
    made = rng()
    distances = []
    for _ in range(200):
        ground = draw_backdrop(STAGE, made, "dots", made.random())
        distances.append(np.linalg.norm(np.subtract(ground.primary, ground.secondary)))
    assert max(distances) < GROUND_CONTRAST * np.sqrt(3)
    assert np.mean(distances) < 0.3


def test_any_look_and_ground_reach_all_kinds() -> None:
    made = rng()
    looks = [draw_any_look(STAGE, made) for _ in range(400)]
    assert len({look.shape for look in looks}) == 8
    assert len({look.surface for look in looks}) == 5
    assert len({draw_any_backdrop(STAGE, made).kind for _ in range(200)}) == 8


def test_camera_pan_is_steady_and_bounded_and_the_shake_has_its_deviation() -> None:
    made, shakes = rng(), []
    for _ in range(200):
        camera = draw_camera(STAGE, made, pan=10.0, shake=0.8)
        steps = np.diff(camera.pan, axis=0)
        np.testing.assert_allclose(steps, np.broadcast_to(steps[0], steps.shape), atol=1e-5)
        assert np.linalg.norm(camera.pan[-1] - camera.pan[0]) <= 10.001
        shakes.append(camera.shake)
        np.testing.assert_allclose(camera.offset, camera.pan + camera.shake)
    assert np.std(shakes) == pytest.approx(0.8, rel=0.05)


def test_clutter_is_two_or_three_small_things() -> None:
    made = rng()
    drawn = [draw_clutter(STAGE, made) for _ in range(100)]
    assert {len(pieces) for pieces in drawn} == {2, 3}
    radii = [piece.look.radius for pieces in drawn for piece in pieces]
    assert 4 <= min(radii) <= max(radii) <= 7


def test_compose_lets_the_shake_and_not_the_pan_move_the_actor() -> None:
    made = rng()
    camera = draw_camera(STAGE, made, pan=10.0, shake=0.8)
    motion = right(STAGE, rng(3))
    made = compose(
        STAGE,
        rng(5),
        backdrop=CHECKS,
        camera=camera,
        clutter=(),
        cast=((draw_any_look(STAGE, rng(4)), motion),),
    )
    np.testing.assert_allclose(made.actors[0].motion.centre, motion.centre - camera.shake)


def test_lengths_scale_with_the_stage() -> None:
    small, large = draw_any_look(STAGE, rng()), draw_any_look(Stage(16, 112), rng())
    assert large.radius == pytest.approx(2 * small.radius)
    ground = draw_any_backdrop(Stage(16, 112), rng()).wavelength
    assert ground == pytest.approx(2 * draw_any_backdrop(STAGE, rng()).wavelength)
