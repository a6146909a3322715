"""Worlds for tasks beyond one class: what is stated agrees with what is filmed."""

from collections import Counter
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from severe_bench.core.extras import (
    BOXES,
    COUNT,
    DURATION,
    KEY_TIME,
    LABELS,
    NOUN,
    PROPOSALS,
    SPANS,
    STARTS,
    STOP,
    TUBES,
    VERB,
)
from severe_bench.core.record import SPLITS, Record, Split
from severe_bench.data.procedural.film import label_at, samples_at, scene_at
from severe_bench.data.procedural.generate import records_of
from severe_bench.data.procedural.render import actor_masks, render
from severe_bench.data.procedural.scene import FloatArray, Motion, Scene
from severe_bench.data.procedural.spec import WorldSpec
from severe_bench.data.procedural.worlds import WORLDS
from severe_bench.data.procedural.worlds.counted import MANNERS as COUNTED
from severe_bench.data.procedural.worlds.keyed import CLASSES as KEYED
from severe_bench.data.procedural.worlds.keyed import POSES, key_frames
from severe_bench.data.procedural.worlds.kitchen import NOUNS, VERBS
from tests.data.procedural.stages import frames_in_memory

NAMES = ("counted", "together", "staged", "keyed", "arrow", "routine", "kitchen")


def spec_of(world: str) -> WorldSpec:
    return WorldSpec(world=world)


def records(world: str, split: Split, count: int) -> list[Record]:
    spec = spec_of(world)
    return [record for index in range(count) for record in records_of(spec, split, index)]


def steady(scene: Scene, actor: int = 0) -> Motion:
    """The actor's motion without the shake of the camera."""
    return scene.actors[actor].motion.shifted(scene.camera.shake)


# --------------------------------------------------------------------------------- every world


@pytest.mark.parametrize("name", NAMES)
def test_two_films_are_the_same(name: str) -> None:
    spec = spec_of(name)
    for one, two in zip(*(frames_in_memory(spec, "test", [0, 5]) for _ in range(2)), strict=True):
        np.testing.assert_array_equal(one, two)
    assert samples_at(spec, "test", 5) == samples_at(spec, "test", 5)


@pytest.mark.parametrize("name", NAMES)
def test_train_and_test_share_no_video(name: str) -> None:
    spec = spec_of(name)
    films = [render(scene_at(spec, split, index))[0] for split in SPLITS for index in range(8)]
    assert len({film.tobytes() for film in films}) == 16
    paths = [{record.path for record in records(name, split, 8)} for split in SPLITS]
    assert not paths[0] & paths[1]


@pytest.mark.parametrize("name", NAMES)
def test_world_is_well_formed(name: str) -> None:
    world = WORLDS.get(name)
    assert len(set(world.classes)) == len(world.classes)
    assert world.train % len(world.classes) == 0 == world.test % len(world.classes)


@pytest.mark.parametrize("name", ["counted", "together", "staged", "keyed", "routine"])
def test_too_few_frames_are_refused(name: str) -> None:
    least = WORLDS.get(name).least
    with pytest.raises(ValueError, match=f"{name!r} needs at least {least} frames"):
        WorldSpec(world=name, frames=least - 1)


@pytest.mark.parametrize("name", NAMES)
def test_the_fewest_frames_and_other_rates_do(name: str) -> None:
    spec = WorldSpec(world=name, frames=WORLDS.get(name).least, fps=30, size=48)
    for index in range(12):
        assert len(frames_in_memory(spec, "train", [index])[0]) <= spec.frames
        assert records_of(spec, "train", index)


def shares(values: list[int], kinds: int) -> FloatArray:
    return np.bincount(values, minlength=kinds) / len(values)


@pytest.mark.parametrize("name", ["counted", "staged", "arrow", "kitchen"])
def test_labels_are_balanced(name: str) -> None:
    classes = len(WORLDS.get(name).classes)
    labels = [record.label for record in records(name, "train", 8 * classes)]
    assert set(Counter(labels).values()) == {8}


@pytest.mark.parametrize("name", ["together", "routine"])
def test_labels_of_videos_with_several_are_balanced(name: str) -> None:
    classes = len(WORLDS.get(name).classes)
    found = [label for r in records(name, "train", 30 * classes) for label in LABELS.of(r)]
    assert np.abs(shares(found, classes) * classes - 1).max() < 0.3


@pytest.mark.parametrize("name", NAMES)
def test_the_stated_class_is_shown(name: str) -> None:
    spec = spec_of(name)
    for index in range(len(WORLDS.get(name).classes)):
        for record in records_of(spec, "train", index):
            shown = {record.label, *record.extras.get("labels", ())}
            shown |= {label for box in record.extras.get("boxes", ()) for label in box.labels}
            if name != "keyed" or record.sample.endswith(
                f"@{key_frames(scene_at(spec, 'train', index).stage)[0]}"
            ):
                assert label_at(spec, index) in shown


# -------------------------------------------------------------------------------------- counted

CURVES: dict[str, Callable[[Motion], FloatArray]] = {
    "bounce": lambda motion: motion.centre[:, 1].max() - motion.centre[:, 1],
    "wave": lambda motion: motion.centre[:, 0] - motion.centre[0, 0],
    "pulse": lambda motion: motion.scale - 1,
    "spin": lambda motion: np.sin((motion.angle - motion.angle[0]) / 2) ** 2,
}
"""Something that is 0 at rest and rises once in every cycle."""


def excursions(curve: FloatArray) -> int:
    """How often a curve rises from low to high, counted with hysteresis."""
    high, low, times, up = 0.55 * curve.max(), 0.45 * curve.max(), 0, False
    for value in curve:
        if not up and value >= high:
            times, up = times + 1, True
        elif up and value <= low:
            up = False
    return times


@pytest.mark.parametrize("index", range(40))
def test_counts_are_those_of_the_curve(index: int) -> None:
    spec = spec_of("counted")
    scene, (record,) = scene_at(spec, "train", index), records_of(spec, "train", index)
    kind = tuple(COUNTED)[label_at(spec, index)]
    curve = CURVES[kind](steady(scene))
    assert COUNT.of(record) == excursions(curve)
    if kind == "spin":
        assert COUNT.of(record) == pytest.approx(abs(steady(scene).turns), abs=1e-3)


def test_starts_and_stop_are_where_the_actor_is_at_rest() -> None:
    spec = spec_of("counted")
    for index in range(24):
        (record,) = records_of(spec, "train", index)
        motion = steady(scene_at(spec, "train", index))
        bounds = [*STARTS.of(record), STOP.of(record)]
        assert len(bounds) == COUNT.of(record) + 1
        np.testing.assert_allclose(
            motion.centre[bounds], np.tile(motion.centre[bounds[0]], (len(bounds), 1)), atol=1e-3
        )
        np.testing.assert_allclose(motion.scale[bounds], 1, atol=1e-5)
        assert bounds[-1] < len(motion.scale)
        lengths = np.diff(bounds)
        assert lengths.min() >= 3
        assert lengths.max() / lengths.mean() < 1.4
        for outside in (slice(0, bounds[0] + 1), slice(bounds[-1], None)):
            for curve in (motion.centre, motion.angle, motion.scale):
                assert np.ptp(curve[outside], axis=0).max() < 1e-3


def test_counts_of_all_sizes_occur_and_the_length_of_the_video_does_not_tell_them() -> None:
    found = records("counted", "train", 200)
    counts = np.array([COUNT.of(record) for record in found])
    assert set(counts) == set(range(2, 13))
    lengths = np.array([scene_at(spec_of("counted"), "train", k).stage.frames for k in range(200)])
    assert lengths.min() >= 48
    assert lengths.max() <= 96
    assert abs(np.corrcoef(counts, lengths)[0, 1]) < 0.4
    busy = [(STOP.of(r) - STARTS.of(r)[0]) / n for r, n in zip(found, lengths, strict=True)]
    assert min(busy) > 0.65
    assert 0.3 < np.mean(np.array(busy) < 0.97) < 0.7


# --------------------------------------------------------------------- together, staged, routine


@pytest.mark.parametrize("name", ["together", "routine"])
def test_spans_are_when_something_moves(name: str) -> None:
    spec = spec_of(name)
    classes = WORLDS.get(name).classes
    for index in range(16):
        scene, (record,) = scene_at(spec, "train", index), records_of(spec, "train", index)
        busy = [moving(steady(scene, actor)) for actor in range(len(scene.actors))]
        stated = [np.zeros_like(line) for line in busy]
        for span in SPANS.of(record):
            start, end = (round(time * spec.fps) for time in (span.start, span.end))
            (actor,) = (
                k
                for k, one in enumerate(scene.actors)
                if any(
                    (p.name, p.start, p.end) == (classes[span.label], start, end)
                    for p in one.motion.phases
                )
            )
            stated[actor][start:end] = True
        for seen, said in zip(busy, stated, strict=True):
            assert not (seen & ~said).any()
            # At the turning point of a swing two frames may be alike.
            pauses = said & ~seen
            assert not (pauses[:-2] & pauses[1:-1] & pauses[2:]).any()
            assert pauses.sum() < 0.35 * said.sum()
        assert DURATION.of(record) == pytest.approx(scene.stage.frames / spec.fps, abs=1e-4)
        assert set(LABELS.of(record)) == {span.label for span in SPANS.of(record)}


def moving(motion: Motion) -> np.ndarray:
    """Frames from which something changes to the next."""
    steps = np.abs(np.diff(motion.centre, axis=0)).sum(axis=1)
    steps += 10 * np.abs(np.diff(motion.angle)) + 10 * np.abs(np.diff(motion.scale))
    return np.append(steps > 0.02, False)


def test_together_shows_one_to_four_things_at_once_or_in_a_row() -> None:
    found = records("together", "train", 120)
    counts = Counter(len(LABELS.of(record)) for record in found)
    assert set(counts) == {1, 2, 3, 4}
    assert min(counts.values()) > 15
    spans = [SPANS.of(record) for record in found if len(SPANS.of(record)) == 2]
    at_once = [one.end > two.start and two.end > one.start for one, two in spans]
    assert 0.1 < np.mean(at_once) < 0.95


def test_routines_are_long_and_have_background() -> None:
    found = records("routine", "train", 42)
    numbers = [len(SPANS.of(record)) for record in found]
    assert 3 <= min(numbers) <= max(numbers) <= 8
    covered = [sum(span.end - span.start for span in SPANS.of(r)) / DURATION.of(r) for r in found]
    assert 0.5 < np.mean(covered) < 0.9
    assert min(covered) > 0.3
    for record in found:
        for one, two in pairwise(SPANS.of(record)):
            assert one.end <= two.start
            assert one.label != two.label or two.start > one.end


def test_tubes_hold_the_pixels_of_their_actors() -> None:
    spec = spec_of("staged")
    numbers = Counter()
    for index in range(18):
        scene, (record,) = scene_at(spec, "test", index), records_of(spec, "test", index)
        tubes = TUBES.of(record)
        numbers[len(tubes)] += 1
        assert tubes[0].label == record.label
        for actor, tube in enumerate(tubes):
            masks = actor_masks(scene, actor)
            for frame, (x1, y1, x2, y2) in zip(tube.frames, tube.boxes, strict=True):
                left, top, right, bottom = (round(side * spec.size) for side in (x1, y1, x2, y2))
                inside = masks[frame, top:bottom, left:right]
                assert inside.sum() == masks[frame].sum() > 0
                for side in (inside[0], inside[-1], inside[:, 0], inside[:, -1]):
                    assert side.any()
            assert tube.frames == tuple(range(tube.frames[0], tube.frames[-1] + 1))
    assert set(numbers) == {1, 2}


def test_an_actor_is_seen_where_its_tube_is() -> None:
    """Rendered without the actor, the pixels inside of its boxes change, and only those."""
    spec = spec_of("staged")
    for index in range(6):
        scene, (record,) = scene_at(spec, "train", index), records_of(spec, "train", index)
        if len(scene.actors) > 1:
            continue
        empty = Scene(scene.stage, scene.backdrop, scene.camera, scene.clutter, (), scene.grain)
        changed = (render(scene) != render(empty)).any(axis=-1)
        (tube,) = TUBES.of(record)
        for frame, box in zip(tube.frames, tube.boxes, strict=True):
            left, top, right, bottom = (round(side * spec.size) for side in box)
            around = np.zeros_like(changed[frame])
            around[max(top - 2, 0) : bottom + 2, max(left - 2, 0) : right + 2] = True
            assert not (changed[frame] & ~around).any()
            assert changed[frame, top:bottom, left:right].mean() > 0.2


def test_some_actors_of_staged_come_late_or_leave_off_early() -> None:
    found = [tube for record in records("staged", "train", 60) for tube in TUBES.of(record)]
    late = np.mean([tube.frames[0] > 0 for tube in found])
    early = np.mean([tube.frames[-1] < 29 for tube in found])
    assert 0.1 < late < 0.45
    assert 0.1 < early < 0.45


# ---------------------------------------------------------------------------------------- keyed


def test_key_frames_have_boxes_with_pose_and_motion() -> None:
    spec = spec_of("keyed")
    for index in range(16):
        scene = scene_at(spec, "train", index)
        found = records_of(spec, "train", index)
        assert [round(KEY_TIME.of(r) * spec.fps) for r in found] == list(key_frames(scene.stage))
        assert len({r.path for r in found}) == 1
        assert {r.group for r in found} == {found[0].path}
        for record, frame in zip(found, key_frames(scene.stage), strict=True):
            assert record.label is None
            for box in BOXES.of(record):
                actor = scene.actors[int(box.person or "")]
                mask = actor_masks(scene, int(box.person or ""))[frame]
                sides = (round(side * spec.size) for side in (box.x1, box.y1, box.x2, box.y2))
                left, top, right, bottom = sides
                assert mask[top:bottom, left:right].sum() == mask.sum() > 0
                names = {KEYED[label] for label in box.labels}
                (pose,) = names & set(POSES)
                (manner,) = names - set(POSES)
                assert actor.look.shape == POSES[pose]
                doing = next(p for p in actor.motion.phases if p.start <= frame < p.end)
                assert doing.name == manner
                # A clip of 8 frames around the key frame shows nothing else.
                assert doing.start <= frame - 4
                assert doing.end >= frame + 4
            assert len(BOXES.of(record)) <= len(PROPOSALS.of(record)) <= len(BOXES.of(record)) + 2


def test_boxes_show_all_classes() -> None:
    found = [b.labels for r in records("keyed", "train", 96) for b in BOXES.of(r)]
    assert all(len(labels) == 2 for labels in found)
    counts = Counter(label for labels in found for label in labels)
    poses = [counts[KEYED.index(name)] for name in POSES]
    rest = [counts[k] for k in range(len(POSES), len(KEYED))]
    for group in (poses, rest):
        assert max(group) < 1.6 * min(group)


# --------------------------------------------------------------------------------------- kitchen


def test_verb_is_the_motion_and_noun_the_shape() -> None:
    spec = spec_of("kitchen")
    for index in range(24):
        scene, (record,) = scene_at(spec, "train", index), records_of(spec, "train", index)
        motion = steady(scene)
        verb = tuple(VERBS)[VERB.of(record)]
        assert record.label == VERB.of(record)
        x, y = motion.centre[-1] - motion.centre[0]
        grown = motion.scale[-1] / motion.scale[0]
        seen = {
            "push": grown < 0.7,
            "pull": grown > 1.4,
            "lift": y < -12 and abs(x) < 1,
            "lower": y > 12 and abs(x) < 1,
            "turn": abs(motion.turns) > 0.7,
            "shake": np.ptp(motion.centre[:, 0]) > 12 and abs(x) < 1,
        }
        assert [name for name, shown in seen.items() if shown] == [verb]
        shape = scene.actors[0].look.shape
        assert NOUNS[tuple(NOUNS)[NOUN.of(record)]] == shape


def test_verbs_and_nouns_go_together_at_random() -> None:
    found = records("kitchen", "train", 240)
    pairs = Counter((VERB.of(record), NOUN.of(record)) for record in found)
    assert len(pairs) == 36
    assert max(pairs.values()) <= 17  # 6.7 on average
    assert np.abs(shares([NOUN.of(r) for r in found], 6) * 6 - 1).max() < 0.35
