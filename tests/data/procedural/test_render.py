import numpy as np
import pytest
from scipy.ndimage import center_of_mass

from severe_bench.data.procedural.motions import along
from severe_bench.data.procedural.render import Mask, actor_masks, boxes, render
from severe_bench.data.procedural.scene import Actor, Clutter, FloatArray, Motion, Stage
from severe_bench.data.procedural.shapes import SHAPES
from severe_bench.data.procedural.textures import GROUNDS
from tests.data.procedural.stages import CHECKS, GREY, STAGE, look, scene, still


def centroids(masks: Mask) -> FloatArray:
    return np.array([center_of_mass(mask)[::-1] for mask in masks])


def line(
    stage: Stage = STAGE,
    start: tuple[float, float] = (14.0, 20.0),
    end: tuple[float, float] = (40.0, 33.0),
) -> Motion:
    steps = np.linspace(start, end, stage.frames)
    return along("line", stage, steps, angle=0.4)


def test_frames_are_rgb_bytes() -> None:
    frames = render(scene(Actor(look(), still())))
    assert frames.shape == (12, 56, 56, 3)
    assert frames.dtype == np.uint8
    assert frames.flags.c_contiguous


@pytest.mark.parametrize("shape", SHAPES)
def test_mask_moves_as_the_trajectory_says(shape: str) -> None:
    moving = scene(Actor(look(shape), line()))
    seen = centroids(actor_masks(moving))
    expected = moving.actors[0].motion.centre
    np.testing.assert_allclose(np.diff(seen, axis=0), np.diff(expected, axis=0), atol=0.6)
    np.testing.assert_allclose(seen[-1] - seen[0], expected[-1] - expected[0], atol=0.6)


def test_mask_is_where_the_pixels_change() -> None:
    moving = scene(Actor(look("star"), line()))
    changed = (render(moving) != render(scene())).any(axis=-1)
    masks = actor_masks(moving)
    assert changed[masks].all()
    # Beyond the mask only the half-covered rim of one pixel may change.
    assert changed.sum() < 1.6 * masks.sum()


@pytest.mark.parametrize("shape", SHAPES)
def test_box_holds_all_changed_pixels_and_is_tight(shape: str) -> None:
    # Pixels covered by less than half are outside of the box: few, but 2 at a sharp tip.
    moving = scene(Actor(look(shape), line()))
    changed = (render(moving) != render(scene())).any(axis=-1)
    for frame, (x0, y0, x1, y1) in enumerate(boxes(actor_masks(moving)).astype(int)):
        rows, columns = np.nonzero(changed[frame])
        assert x0 - 2 <= columns.min() <= x0
        assert y0 - 2 <= rows.min() <= y0
        assert x1 - 1 <= columns.max() <= x1 + 1
        assert y1 - 1 <= rows.max() <= y1 + 1


def test_box_of_an_actor_that_leaves_the_frame() -> None:
    leaving = scene(Actor(look(radius=8), line(start=(28, 28), end=(90, 28))))
    found = boxes(actor_masks(leaving))
    assert not np.isnan(found[0]).any()
    assert np.isnan(found[-1]).all()
    assert np.nanmax(found) == 56


@pytest.mark.parametrize("angle", [0.0, 0.7, 2.0, 4.5])
def test_a_positive_angle_turns_clockwise_on_the_screen(angle: float) -> None:
    frames = render(scene(Actor(look("disc", "halved"), still(angle=angle)))).astype(float)
    red, blue = frames[0, ..., 0] - 128, frames[0, ..., 2] - 128
    dx, dy = np.subtract(center_of_mass(blue.clip(20) - 20), center_of_mass(red.clip(20) - 20))[
        ::-1
    ]
    # The boundary of `halved` is v + 0.15 u = 0, so at angle 0 blue lies along (0.15, 1).
    expected = np.arctan2(1, 0.15) + angle
    difference = np.arctan2(dy, dx) - expected
    assert np.cos(difference) > 0.99


def test_scale_scales_the_area() -> None:
    scale = np.linspace(0.6, 1.4, STAGE.frames)
    growing = scene(Actor(look(), still(scale=scale)))
    area = actor_masks(growing).sum(axis=(1, 2))
    np.testing.assert_allclose(area, np.pi * (9 * scale) ** 2, rtol=0.07)


def test_whole_pixel_pan_shifts_ground_and_clutter() -> None:
    piece = Clutter(look("cross", "checked", 6.0), (30.0, 25.0), 0.4)
    offset = np.stack([np.arange(12), -2 * np.arange(12)], axis=1)
    frames = render(scene(backdrop=CHECKS, clutter=(piece,), offset=offset)).astype(int)
    for frame in range(1, 12):
        before, after = frames[frame - 1], frames[frame]
        # A camera that goes right and up makes the world go left and down.
        np.testing.assert_allclose(after[2:, :-1], before[:-2, 1:], atol=1)


def test_half_pixel_pan_is_the_mean_of_its_neighbours() -> None:
    offset = np.zeros((12, 2))
    offset[1], offset[2] = (0.5, 0), (1, 0)
    frames = render(scene(backdrop=CHECKS, offset=offset)).astype(int)
    np.testing.assert_allclose(frames[1], (frames[0] + frames[2]) / 2, atol=1.01)


@pytest.mark.parametrize("kind", GROUNDS)
def test_ground_shows_its_two_colours_only(kind: str) -> None:
    backdrop = type(CHECKS)(kind, (0.2, 0.3, 0.4), (0.7, 0.6, 0.5), 0.6, 11.0, 0.3, (0.1,) * 8)
    frames = render(scene(backdrop=backdrop)) / 255
    share = (frames - [0.2, 0.3, 0.4]) / [0.5, 0.3, 0.1]
    assert share.min() > -0.03
    assert share.max() < 1.03
    np.testing.assert_allclose(share[..., 0], share[..., 1], atol=0.03)


def test_first_actor_is_in_front_and_masks_are_amodal() -> None:
    front, behind = look("square", "halved", 12.0), look("disc", "halved", 12.0)
    both = scene(Actor(front, still()), Actor(behind, still(x=34.0)))
    alone = scene(Actor(front, still()))
    mask = actor_masks(both, 0)[0]
    core = mask & (render(alone)[0] == render(both)[0]).all(axis=-1)
    assert core.sum() > 0.8 * mask.sum()
    assert (
        actor_masks(both, 1)[0].sum() == actor_masks(scene(Actor(behind, still(x=34.0))))[0].sum()
    )


def test_grain_has_its_deviation_and_changes_every_frame() -> None:
    frames = render(scene(grain=0.04)).astype(float) / 255
    assert frames.std() == pytest.approx(0.04, rel=0.1)
    rows = frames[..., 0].reshape(12, -1)
    assert np.abs(np.corrcoef(rows) - np.eye(12)).max() < 0.2


def test_a_bigger_frame_shows_the_same_picture() -> None:
    small = render(scene(Actor(look("bar", "striped", 10.0), still()), backdrop=GREY))
    stage = Stage(12, 112)
    motion = still(stage, 28.25, 28.25)  # the middle of pixel (0, 0) moves by a quarter
    large = render(scene(Actor(look("bar", "striped", 20.0), motion), stage=stage))
    halved = large.reshape(12, 56, 2, 56, 2, 3).mean(axis=(2, 4))
    assert np.abs(halved - small).mean() < 2


def test_render_is_deterministic() -> None:
    made = scene(Actor(look(), line()), backdrop=CHECKS, grain=0.02)
    np.testing.assert_array_equal(render(made), render(made))
