from collections import Counter

import numpy as np
import pytest

from severe_bench.core.errors import UserError
from severe_bench.data.procedural.film import scene_at
from severe_bench.data.procedural.render import actor_masks, boxes
from severe_bench.data.procedural.scene import Scene
from severe_bench.data.procedural.spec import WorldSpec
from severe_bench.data.procedural.world import ClassProfile
from severe_bench.data.procedural.worlds import WORLDS
from severe_bench.data.procedural.worlds.fine_spin import CLASSES
from severe_bench.data.procedural.worlds.near import PROFILES as NEAR
from severe_bench.data.procedural.worlds.source import PROFILES as SOURCE

NAMES = ("source", "near", "far_motion", "far_gym", "fine_spin", "fine_path")


def scenes(world: str, count: int, **given: object) -> list[Scene]:
    spec = WorldSpec(world=world, **given)
    return [scene_at(spec, "train", index) for index in range(count)]


def test_registry_holds_the_six_worlds() -> None:
    assert set(NAMES) <= set(WORLDS.names())


def test_unknown_world_lists_the_names() -> None:
    with pytest.raises(UserError, match="unknown built-in world 'xyzzy'") as caught:
        WorldSpec(world="xyzzy")
    assert all(name in str(caught.value) for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_world_is_well_formed(name: str) -> None:
    world = WORLDS.get(name)
    assert len(set(world.classes)) == len(world.classes) >= 4
    assert world.train % len(world.classes) == 0
    assert world.test % len(world.classes) == 0


@pytest.mark.parametrize("name", NAMES)
def test_the_actor_stays_in_sight(name: str) -> None:
    for scene in scenes(name, 60):
        masks = actor_masks(scene)
        assert not np.isnan(boxes(masks)).any()
        full = np.pi * scene.actors[0].look.radius ** 2
        assert masks.sum(axis=(1, 2)).min() > 0.05 * full


def test_source_and_near_share_no_class() -> None:
    looks = Counter((profile.shape, profile.surface) for profile in SOURCE + NEAR)
    assert max(looks.values()) == 1


@pytest.mark.parametrize(("name", "profiles"), [("source", SOURCE), ("near", NEAR)])
def test_class_shows_as_often_as_it_should(name: str, profiles: tuple[ClassProfile, ...]) -> None:
    drawn = scenes(name, 80 * len(profiles))
    kept: Counter[str] = Counter()
    for index, scene in enumerate(drawn):
        profile, actor = profiles[index % len(profiles)], scene.actors[0]
        kept["shape"] += actor.look.shape == profile.shape
        kept["surface"] += actor.look.surface == profile.surface
        kept["ground"] += scene.backdrop.kind == profile.ground
        kept["motion"] += actor.motion.kind == profile.motion
    # Kept with p, else uniform over 8, 5, 8 and 10 kinds.
    expected = {
        "shape": 0.9 + 0.1 / 8,
        "surface": 0.85 + 0.15 / 5,
        "ground": 0.7 + 0.3 / 8,
        "motion": 0.7 + 0.3 / 10,
    }
    for part, share in expected.items():
        assert kept[part] / len(drawn) == pytest.approx(share, abs=0.06), part


@pytest.mark.parametrize("name", ["far_motion", "far_gym", "fine_spin"])
def test_look_and_scenery_say_nothing_about_the_class(name: str) -> None:
    classes = len(WORLDS.get(name).classes)
    drawn = scenes(name, 100 * classes)
    hues = np.array([scene.actors[0].look.hue for scene in drawn]).reshape(-1, classes)
    places = np.array([scene.actors[0].motion.centre.mean(axis=0) for scene in drawn])
    assert np.ptp(hues.mean(axis=0)) < 0.15
    assert np.ptp(places.reshape(-1, classes, 2).mean(axis=0), axis=0).max() < 6
    for shape in ("disc", "bar"):
        shown = [
            [s.actors[0].look.shape == shape for s in drawn[k::classes]] for k in range(classes)
        ]
        assert np.ptp(np.mean(shown, axis=1)) < 0.2


@pytest.mark.parametrize("name", ["far_gym", "fine_spin", "fine_path"])
def test_the_hall_is_always_the_same(name: str) -> None:
    drawn = scenes(name, 12)
    assert len({scene.backdrop for scene in drawn}) == 1
    assert not any(scene.clutter for scene in drawn)


def test_the_skater_is_always_the_same() -> None:
    assert len({scene.actors[0].look for scene in scenes("fine_path", 12)}) == 1


def test_fine_spin_turns_and_travels_as_its_classes_say() -> None:
    for index, scene in enumerate(scenes("fine_spin", 60)):
        sense, travel = CLASSES[index % len(CLASSES)]
        motion = scene.actors[0].motion
        way = float((motion.centre[-1] + scene.camera.shake[-1])[0])
        way -= float((motion.centre[0] + scene.camera.shake[0])[0])
        assert 0.6 <= (motion.turns if sense == "clockwise" else -motion.turns) <= 1.4
        assert {"right": 14 <= way <= 20, "left": -20 <= way <= -14, "spot": abs(way) < 1e-3}[
            travel
        ]


@pytest.mark.parametrize(
    ("name", "pairs"),
    [("far_motion", [(0, 1), (3, 2), (4, 5)]), ("fine_path", [(0, 1), (2, 3), (4, 5)])],
)
def test_paired_classes_are_each_others_reversal(name: str, pairs: list[tuple[int, int]]) -> None:
    world, stage = WORLDS.get(name), scenes(name, 1)[0].stage
    for there, back in pairs:
        one = world.scene(there, stage, np.random.default_rng(8))
        two = world.scene(back, stage, np.random.default_rng(8))
        shaken = two.actors[0].motion.shifted(two.camera.shake)
        steady = one.actors[0].motion.shifted(one.camera.shake)
        np.testing.assert_allclose(steady.centre[::-1], shaken.centre, atol=1e-4)
        np.testing.assert_array_equal(steady.angle[::-1], shaken.angle)
