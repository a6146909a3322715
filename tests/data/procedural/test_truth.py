import numpy as np
import pytest

from severe_bench.data.procedural.film import label_at, scene_at
from severe_bench.data.procedural.render import actor_masks
from severe_bench.data.procedural.spec import WorldSpec
from severe_bench.data.procedural.truth import Truth, truth_at
from severe_bench.data.procedural.worlds import WORLDS


@pytest.fixture(params=WORLDS.names())
def spec(request: pytest.FixtureRequest) -> WorldSpec:
    return WorldSpec(world=request.param)


def test_truth_states_the_scene(spec: WorldSpec) -> None:
    scene, truth = scene_at(spec, "test", 5), truth_at(spec, "test", 5)
    actor, told = scene.actors[0], truth.actors[0]
    assert (told.shape, told.surface, told.motion) == (
        actor.look.shape,
        actor.look.surface,
        actor.motion.kind,
    )
    np.testing.assert_allclose(told.centre, actor.motion.centre, atol=1e-3)
    np.testing.assert_allclose(told.angle, actor.motion.angle, atol=1e-3)
    np.testing.assert_allclose(truth.camera, scene.camera.offset, atol=1e-3)
    assert truth.path == "videos/test_00005.mp4"
    assert truth.label == WORLDS.get(spec.world).classes[label_at(spec, 5)]
    assert truth.frames == scene.stage.frames == len(told.boxes)


def test_speed_and_turns_follow_from_the_arrays(spec: WorldSpec) -> None:
    actor = truth_at(spec, "train", 2).actors[0]
    steps = np.linalg.norm(np.diff(actor.centre, axis=0), axis=1)
    assert actor.speed == pytest.approx(steps.mean(), abs=1e-3)
    assert actor.turns == pytest.approx((actor.angle[-1] - actor.angle[0]) / 6.283185, abs=1e-3)


def test_boxes_are_the_extent_of_the_mask(spec: WorldSpec) -> None:
    truth = truth_at(spec, "train", 3)
    masks = actor_masks(scene_at(spec, "train", 3))
    for (x0, y0, x1, y1), mask in zip(truth.actors[0].boxes, masks, strict=True):
        assert mask[y0:y1, x0:x1].sum() == mask.sum()
        for side in (mask[y0], mask[y1 - 1], mask[:, x0], mask[:, x1 - 1]):
            assert side.any()


def test_truth_survives_json(spec: WorldSpec) -> None:
    truth = truth_at(spec, "train", 1)
    assert Truth.model_validate_json(truth.model_dump_json()) == truth
