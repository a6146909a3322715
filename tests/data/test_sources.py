from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from severe_bench.config.network_input import Input
from severe_bench.config.recipe import Augment, Clip, Recipe
from severe_bench.config.recipe import Test as HowTested
from severe_bench.core.record import Record
from severe_bench.data import sources
from severe_bench.data.clips import test_indices as clips_of
from severe_bench.data.loading import Prefetcher
from severe_bench.data.reading import Steps, TrainReader
from severe_bench.data.store import VideoStore
from severe_bench.data.transforms import normalise
from severe_bench.data.transforms import test_crops as resized
from severe_bench.data.video import VideoError
from severe_bench.train.batch import BatchSource
from tests.data.films import film, number_of

RECIPE = Recipe(clip=Clip(frames=8, size=48), test=HowTested(clips=4), batch_size=4)
RAW = Input(mean=(0, 0, 0), std=(1, 1, 1))
STILL = Augment(area=(1, 1), ratio=(1, 1), flip=0, brightness=0, contrast=0, saturation=0, hue=0)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    for n in range(10):
        film(folder / f"{n}.mp4", 16, size=64 if n % 2 else 56)
    return folder


@pytest.fixture(scope="module")
def records() -> tuple[Record, ...]:
    return tuple(Record(f"{n}", f"{n}.mp4", n, "train") for n in range(10))


def batches_of(root: Path, records: Sequence[Record], **changes: Any) -> sources.ClipBatches:
    arguments = {"seed": 5, "recipe": RECIPE, "statement": Input()} | changes
    targets = torch.arange(len(records))
    return sources.ClipBatches(VideoStore(root), records, targets, **arguments)


def test_batches(root: Path, records: tuple[Record, ...]) -> None:
    source: BatchSource = batches_of(root, records)
    assert source.steps_per_epoch == 3
    batches = [source.batch(0, step) for step in range(3)]
    assert [tuple(batch.inputs["clips"].shape) for batch in batches] == [
        (4, 3, 8, 48, 48),
        (4, 3, 8, 48, 48),
        (2, 3, 8, 48, 48),
    ]
    assert sorted(torch.cat([batch.targets for batch in batches]).tolist()) == list(range(10))


def test_fewer_records_than_a_batch_are_one_batch(root: Path, records: tuple[Record, ...]) -> None:
    source = batches_of(root, records[:3])
    assert source.steps_per_epoch == 1
    assert len(source.batch(0, 0)) == 3


def test_batches_are_pure_in_seed_epoch_and_step(root: Path, records: tuple[Record, ...]) -> None:
    source, again = batches_of(root, records), batches_of(root, records)
    asked = [(0, 0), (0, 2), (3, 1), (1, 0)]
    first = [source.batch(*key) for key in asked]
    torch.rand(3)
    second = [again.batch(*key) for key in reversed(asked)]
    for one, other in zip(first, reversed(second), strict=True):
        assert torch.equal(one.inputs["clips"], other.inputs["clips"])
        assert torch.equal(one.targets, other.targets)
    seeded = batches_of(root, records, seed=6).batch(0, 0)
    assert not torch.equal(seeded.inputs["clips"], first[0].inputs["clips"])


def test_augmentation_is_drawn_anew_each_epoch_and_step(
    root: Path, records: tuple[Record, ...]
) -> None:
    """One video, taken whole, in batches of one: only the augmentation can differ."""
    recipe = RECIPE.model_copy(update={"clip": Clip(frames=16, size=48), "batch_size": 1})
    one = Record("0", "0.mp4", 0, "train")
    source = batches_of(root, [one, one], recipe=recipe)
    clips = [source.batch(*key).inputs["clips"] for key in ((0, 0), (0, 1), (1, 0), (1, 1))]
    assert not any(torch.equal(a, b) for n, a in enumerate(clips) for b in clips[:n])


def test_asking_leaves_the_global_generators_alone(root: Path, records: tuple[Record, ...]) -> None:
    source = batches_of(root, records)
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    source.batch(0, 0)
    assert torch.equal(torch.rand(1), expected)


def test_targets_belong_to_their_clips(root: Path, tmp_path: Path) -> None:
    """Videos of different lengths of one frame each: the frame's number is the target."""
    recipe = RECIPE.model_copy(update={"augment": STILL, "clip": Clip(frames=1, size=64)})
    table = tuple(
        Record(f"{n}", f"{n % 10}.mp4", n, "train", start=n * 0.04, end=(n + 1) * 0.04)
        for n in range(1, 10, 2)
    )
    source = sources.ClipBatches(
        VideoStore(root), table, torch.arange(1, 10, 2), recipe, RAW, seed=0
    )
    batch = source.batch(0, 0)
    frames = (batch.inputs["clips"][:, :, 0].permute(0, 2, 3, 1) * 255).byte().numpy()
    assert [number_of(frame) for frame in frames] == batch.targets.tolist()


def test_clips_may_have_targets_of_their_own(root: Path, records: tuple[Record, ...]) -> None:
    """The target is the name of the record and the first frame of the clip, as read in pixels."""
    recipe = RECIPE.model_copy(update={"augment": STILL, "clip": Clip(frames=4, size=64)})

    def targets(some: Sequence[Record], times: NDArray[np.float64]) -> torch.Tensor:
        names = [int(record.sample) for record in some]
        return torch.stack([torch.tensor(names), torch.tensor(times[:, 0] * 25).round()], dim=1)

    odd = [record for record in records if int(record.sample) % 2]
    source = sources.ClipBatches(VideoStore(root), odd, targets, recipe, RAW, seed=0)
    seen = set()
    for epoch in range(4):
        for step in range(source.steps_per_epoch):
            batch = source.batch(epoch, step)
            frames = (batch.inputs["clips"][:, :, 0].permute(0, 2, 3, 1) * 255).byte().numpy()
            assert [number_of(frame) for frame in frames] == batch.targets[:, 1].tolist()
            seen |= {(int(name), int(first)) for name, first in batch.targets}
    assert {name for name, _ in seen} == {1, 3, 5, 7, 9}
    assert len({first for _, first in seen}) > 3


def test_the_input_statement_is_applied(root: Path, records: tuple[Record, ...]) -> None:
    raw = batches_of(root, records, statement=RAW).batch(0, 1).inputs["clips"]
    assert raw.min() >= 0
    assert raw.max() <= 1
    normal = batches_of(root, records).batch(0, 1).inputs["clips"]
    torch.testing.assert_close(normal, normalise(raw, Input()))


def test_records_and_targets_must_pair_up(root: Path, records: tuple[Record, ...]) -> None:
    with pytest.raises(ValueError, match="10 records, 3 targets"):
        sources.ClipBatches(VideoStore(root), records, torch.arange(3), RECIPE, RAW, seed=0)


def test_the_loader_path_gives_the_same_batches_bit_for_bit(
    root: Path, records: tuple[Record, ...]
) -> None:
    reader = TrainReader(VideoStore(root), records, RECIPE.clip, Steps(10, 4, 5))
    inline = batches_of(root, records)
    ahead = batches_of(root, records, feed=Prefetcher(reader, workers=1))
    for key in [(0, 0), (0, 1), (0, 2), (1, 0)]:
        one, other = inline.batch(*key), ahead.batch(*key)
        assert torch.equal(one.inputs["clips"], other.inputs["clips"])
        assert torch.equal(one.targets, other.targets)


def test_test_clips_are_the_reference_clips(root: Path, records: tuple[Record, ...]) -> None:
    views = sources.test_clips(VideoStore(root), records[1], RECIPE, Input())
    assert views.weights.tolist() == pytest.approx([0.25] * 4)
    frames = VideoStore(root).frames(records[1])
    chosen = clips_of(RECIPE.clip, 16, 25.0, HowTested(clips=4))
    for clip, indices in zip(views.clips, chosen, strict=True):
        expected = normalise(resized(frames[indices], 48, HowTested(), "cpu")[0][None], Input())[0]
        assert torch.equal(clip, expected)


def test_test_views_are_the_test_clips_in_record_order(
    root: Path, records: tuple[Record, ...]
) -> None:
    store = VideoStore(root)
    views = list(sources.test_views(store, records, RECIPE, Input()))
    assert len(views) == 10
    for record, view in zip(records, views, strict=True):
        assert torch.equal(view.clips, sources.test_clips(store, record, RECIPE, Input()).clips)


def test_a_broken_test_video_stops_the_test_rather_than_being_replaced(
    root: Path, records: tuple[Record, ...]
) -> None:
    gone = Record("gone", "gone.mp4", 0, "test")
    views = sources.test_views(VideoStore(root), [records[0], gone], RECIPE, Input())
    next(views)
    with pytest.raises(VideoError, match=r"gone\.mp4: no such video"):
        next(views)


def test_generators_depend_on_the_whole_key() -> None:
    keys = [(0, 1), (1, 0), (0, 1, 0), (0, 2)]
    draws = {tuple(torch.rand(2, generator=sources.torch_generator(*key)).tolist()) for key in keys}
    assert len(draws) == 4
