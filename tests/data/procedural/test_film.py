import numpy as np
import pytest

from severe_bench.core.record import Split
from severe_bench.data.procedural.film import label_at, scene_at
from severe_bench.data.procedural.spec import WorldSpec
from severe_bench.data.procedural.worlds import WORLDS
from tests.data.procedural.stages import frames_in_memory

VARYING = ("counted", "routine")
SPEC = WorldSpec(world="near", train=40, test=20)


def test_a_video_is_the_same_every_time() -> None:
    once, twice = (frames_in_memory(SPEC, "train", [3, 7]) for _ in range(2))
    np.testing.assert_array_equal(once, twice)


def test_a_larger_set_contains_the_smaller() -> None:
    larger = SPEC.model_copy(update={"train": 400, "test": 600})
    np.testing.assert_array_equal(
        frames_in_memory(SPEC, "test", range(4)), frames_in_memory(larger, "test", range(4))
    )


def test_order_of_asking_does_not_matter() -> None:
    np.testing.assert_array_equal(
        frames_in_memory(SPEC, "train", [5, 1])[1], frames_in_memory(SPEC, "train", [1])[0]
    )


@pytest.mark.parametrize(
    "other",
    [(SPEC, "test", 3), (SPEC, "train", 13), (SPEC.model_copy(update={"seed": 1}), "train", 3)],
    ids=["split", "index", "seed"],
)
def test_another_split_index_or_seed_is_another_video(other: tuple[WorldSpec, Split, int]) -> None:
    spec, split, index = other
    a, b = scene_at(SPEC, "train", 3), scene_at(spec, split, index)
    assert a.backdrop.phases != b.backdrop.phases


def test_another_world_is_another_draw() -> None:
    source = SPEC.model_copy(update={"world": "source"})
    first, second = scene_at(SPEC, "train", 0), scene_at(source, "train", 0)
    assert first.backdrop.phases != second.backdrop.phases


@pytest.mark.parametrize("world", WORLDS.names())
def test_frames_are_as_ordered(world: str) -> None:
    spec = WorldSpec(world=world, frames=WORLDS.get(world).least + 1, size=64)
    (video,) = frames_in_memory(spec, "train", [1])
    assert video.shape[1:] == (64, 64, 3)
    assert len(video) == spec.frames or (world in VARYING and len(video) < spec.frames)


@pytest.mark.parametrize("count", [40, 43])
def test_labels_are_balanced(count: int) -> None:
    labels = [label_at(SPEC, index) for index in range(count)]
    tally = np.bincount(labels, minlength=10)
    assert np.ptp(tally) <= 1
