from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from severe_bench.adapt.tubes.clips import (
    TestReader,
    TrainReader,
    TubeBatches,
    batches_of,
    key_frames,
    longest,
    require_whole,
    video_clips,
)
from severe_bench.config.network_input import Input
from severe_bench.core.errors import UserError
from severe_bench.core.extras import TUBES, Tube
from severe_bench.core.record import Dataset, Record
from severe_bench.data.store import VideoStore
from tests.adapt.squares import FRAMES, NETWORK, recipe

BOX = (0.0, 0.0, 0.5, 0.5)


def video(name: str, *frames: int) -> Record:
    tube = Tube(0, frames, (BOX,) * len(frames))
    return Record(name, f"{name}.mp4", 0, "train", extras=TUBES.set((tube, tube)))


VIDEOS = (video("a", 0, 1, 2, 3), video("b", 7), video("c", 2, 5))


def test_all_key_frames_come_once_an_epoch_in_another_order() -> None:
    keys = key_frames(VIDEOS, "all", recipe(batch_size=2), 0)
    orders = [
        [key for step in range(len(keys.steps)) for key in keys.at(epoch, step)] for epoch in (0, 1)
    ]
    expected = Counter([(0, 0), (0, 1), (0, 2), (0, 3), (1, 7), (2, 2), (2, 5)])
    assert Counter(orders[0]) <= expected
    assert len(orders[0]) == 6  # a last batch of one is left out
    assert orders[0] != orders[1]


def test_drawn_key_frames_are_so_many_of_each_video_and_drawn_anew() -> None:
    plan = recipe(batch_size=3, schedule={"epochs": 1, "clips_per_video": 3})
    keys = key_frames(VIDEOS, "drawn", plan, 0)
    seen: Counter[tuple[int, int]] = Counter()
    for epoch in range(40):
        drawn = [key for step in range(3) for key in keys.at(epoch, step)]
        assert Counter(number for number, _ in drawn) == {0: 3, 1: 3, 2: 3}
        seen.update(drawn)
        assert drawn == [key for step in range(3) for key in keys.at(epoch, step)]
    assert set(seen) == {(0, 0), (0, 1), (0, 2), (0, 3), (1, 7), (2, 2), (2, 5)}
    assert 35 < seen[2, 5] < 85


def test_a_video_without_boxes_or_cut_from_another_is_refused() -> None:
    with pytest.raises(UserError, match="no frame of this training video has a box"):
        key_frames((video("a"),), "all", recipe(), 0)
    with pytest.raises(UserError, match="part of one"):
        key_frames((replace(VIDEOS[0], start=1.0),), "all", recipe(), 0)


def batches(squares: Dataset, size: int = 64) -> TubeBatches:
    plan = recipe(clip={"frames": 3, "size": size})
    train = squares.of("train")
    keys = key_frames(train, "drawn", plan, 4)
    reader = TrainReader(VideoStore(squares.root), train, plan.clip, keys)
    return TubeBatches(reader, plan, NETWORK.input, "cpu")


def test_targets_are_where_the_squares_are_in_the_last_frame(squares: Dataset) -> None:
    seen = 0
    for epoch in range(2):
        source = batches(squares)
        for step in range(source.steps_per_epoch):
            batch = source.batch(epoch, step)
            for clip, rows in zip(batch.inputs["clips"], batch.targets, strict=True):
                for row in rows[~rows[:, 0].isnan()]:
                    if (row[2:4] - row[:2]).min() < 0.1:
                        continue
                    left, top, right, bottom = (row[:4] * 64).round().int().tolist()
                    inside = clip[:, -1, top + 1 : bottom - 1, left + 1 : right - 1]
                    share = (inside.argmax(0) == int(row[4])).float().mean()
                    assert share > 0.9
                    seen += 1
    assert seen > 48


def test_batches_follow_from_epoch_and_step(squares: Dataset) -> None:
    one, other = batches(squares).batch(3, 1), batches(squares).batch(3, 1)
    assert torch.equal(one.inputs["clips"], other.inputs["clips"])
    torch.testing.assert_close(one.targets, other.targets, equal_nan=True, rtol=0, atol=0)
    assert not torch.equal(one.inputs["clips"], batches(squares).batch(4, 1).inputs["clips"])


@pytest.mark.parametrize("every", [1, 4, 20])
def test_every_so_many_frames_a_clip_ends_and_in_the_last(squares: Dataset, every: int) -> None:
    store, test = VideoStore(squares.root), squares.of("test")
    raw = next(video_clips(TestReader(store, test, recipe().clip, every), 2, "cpu"))
    assert raw.keys.tolist() == sorted({*range(0, FRAMES, every), FRAMES - 1})
    assert raw.length == FRAMES == longest(store, test, "cpu")
    plain = Input(mean=(0.0, 0.0, 0.0), std=(1.0, 1.0, 1.0))
    clips = torch.cat(list(batches_of(raw, 32, plain, 3, "cpu")))
    assert len(clips) == len(raw.keys)
    whole = torch.from_numpy(store.frames(test[2])).permute(3, 0, 1, 2) / 255
    for key, clip in zip(raw.keys, clips, strict=True):
        at = np.clip(np.arange(key - 3, key + 1), 0, None)
        torch.testing.assert_close(clip, whole[:, at])


def test_readers_can_be_sent_to_other_processes(squares: Dataset, tmp_path: Path) -> None:
    import pickle  # what forkserver does with them

    test = squares.of("test")
    plan = recipe()
    for reader in (
        TestReader(VideoStore(squares.root), test, plan.clip, 2),
        TrainReader(VideoStore(squares.root), test, plan.clip, key_frames(test, "all", plan, 0)),
    ):
        assert pickle.loads(pickle.dumps(reader))(0) is not None  # noqa: S301


def test_tubes_beyond_the_video_are_refused(squares: Dataset) -> None:
    store, plan = VideoStore(squares.root), recipe()
    record = squares.of("train")[0]
    frames = store.extent(record).frames
    for last, fits in ((frames + 2, True), (frames + 3, False)):
        tube = Tube(0, (0, last), (BOX, BOX))
        far = (replace(record, extras=TUBES.set((tube,))),)
        reader = TrainReader(store, far, plan.clip, key_frames(far, "all", plan, 0))
        tested = TestReader(store, far, plan.clip, 4)
        if fits:
            assert len(reader._clip(far[0], last)) == plan.clip.frames
            assert tested(0).length == longest(store, far, "cpu") == frames
            continue
        for read in (lambda: reader._clip(far[0], last), lambda: tested(0)):  # noqa: B023
            with pytest.raises(UserError, match=f"has {frames} frames, and a box in frame {last}"):
                read()
        with pytest.raises(UserError, match="check the annotation, or replace the video"):
            longest(store, far, "cpu")


def test_tested_parts_of_videos_are_refused_too() -> None:
    require_whole(VIDEOS)
    with pytest.raises(UserError, match="tubes are in frames of a whole video"):
        require_whole((VIDEOS[0], replace(VIDEOS[1], end=2.0)))
