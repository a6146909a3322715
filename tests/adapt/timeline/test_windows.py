import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from severe_bench.adapt.timeline.reading import PieceReader, SnippetReader, grids
from severe_bench.adapt.timeline.windows import WindowBatches, WindowReader
from severe_bench.core.errors import UserError
from severe_bench.core.extras import DURATION
from severe_bench.core.record import Dataset
from severe_bench.data.reading import Steps
from severe_bench.data.store import VideoStore
from severe_bench.tasks.segmentation import SEGMENTATION, SegmentationOptions
from tests.adapt.fakes import NETWORK
from tests.adapt.timeline.stretches import UNIT_OPTIONS, recipe


def batches(dataset: Dataset, length: int, hop: float = 0.5, **blocks: Any) -> WindowBatches:
    plan = recipe(**blocks)
    records = dataset.of("train")
    steps = Steps.of(len(records), plan, 3)
    options = {**UNIT_OPTIONS, "hop": hop}
    reader = SnippetReader(VideoStore(dataset.root), records, plan.clip, options)
    task = SEGMENTATION.bind(SegmentationOptions(), dataset)
    return WindowBatches(WindowReader(reader, steps, length), task, plan, NETWORK.input, "cpu")


def test_batches_follow_from_epoch_and_step(stretches: Dataset) -> None:
    one, other = batches(stretches, 5), batches(stretches, 5)
    one.batch(0, 0)
    first, again = one.batch(2, 1), other.batch(2, 1)
    assert torch.equal(first.inputs["clips"], again.inputs["clips"])
    assert torch.equal(first.targets, again.targets)
    assert not torch.equal(first.targets, one.batch(1, 1).targets)


def test_shapes_and_videos_of_an_epoch(stretches: Dataset) -> None:
    source = batches(stretches, 5, schedule={"epochs": 1, "clips_per_video": 2})
    assert source.steps_per_epoch == 7
    batch = source.batch(0, 0)
    assert batch.inputs["clips"].shape == (4, 5, 3, 4, 16, 16)
    assert batch.targets.shape == (4, 5)


def test_targets_are_of_what_is_seen(stretches: Dataset) -> None:
    """A snippet well within a span is brightest in the span's colour."""
    source = batches(stretches, 6, augment={"brightness": 0, "contrast": 0, "hue": 0})
    seen = []
    for step in range(source.steps_per_epoch):
        batch = source.batch(0, step)
        for clips, ids in zip(batch.inputs["clips"], batch.targets.tolist(), strict=True):
            colours = clips.mean(dim=(2, 3, 4))
            for before, number, after, colour in zip(
                [None, *ids], ids, [*ids[1:], None], colours, strict=False
            ):
                if before == number == after and number > 0:
                    seen.append(int(colour.argmax()) == number - 1)
    assert len(seen) > 20
    assert np.mean(seen) > 0.95


def test_a_window_has_one_crop(stretches: Dataset) -> None:
    """Snippets that are a frame apart share three frames, to the bit."""
    source = batches(stretches, 4, hop=0.25, augment={"area": [0.3, 1.0], "flip": 0.5})
    clips = source.batch(0, 0).inputs["clips"]
    middle = clips[:, 1:3]
    assert torch.equal(middle[:, 0, :, 1:], middle[:, 1, :, :-1])


def test_where_a_video_is_shorter_than_a_window_there_is_nothing(stretches: Dataset) -> None:
    source = batches(stretches, 500)
    batch = source.batch(0, 0)
    missing = batch.inputs["clips"][:, :, 0, 0, 0, 0].isnan()
    assert (missing == batch.inputs["clips"].flatten(2).isnan().all(-1)).all()
    assert (batch.targets[missing] == -1).all()
    assert (batch.targets[~missing] >= 0).all()
    assert missing.sum(1).min() > 400


def test_readers_work_in_other_processes(stretches: Dataset) -> None:
    plan, records = recipe(), stretches.of("train")
    snippets = SnippetReader(VideoStore(stretches.root), records, plan.clip, UNIT_OPTIONS)
    windows = WindowReader(snippets, Steps.of(len(records), plan, 3), 4)
    pieces = PieceReader(snippets, ((2, 0, 3), (2, 3, 5)))
    sent_windows, sent_pieces = pickle.loads(pickle.dumps((windows, pieces)))  # noqa: S301 - our own
    for one, other in zip(windows(5), sent_windows(5), strict=True):
        np.testing.assert_array_equal(one.raw.frames, other.raw.frames)
        np.testing.assert_array_equal(one.times, other.times)
    np.testing.assert_array_equal(pieces(1).frames, sent_pieces(1).frames)
    assert grids(snippets, "cpu") == list(map(sent_windows.reader.grid, range(len(records))))


def test_windows_begin_anywhere(stretches: Dataset) -> None:
    plan = recipe(batch_size=14)
    records = stretches.of("train")
    steps = Steps.of(len(records), plan, 3)
    store = VideoStore(stretches.root)
    snippets = SnippetReader(store, records, plan.clip, UNIT_OPTIONS)
    reader = WindowReader(snippets, steps, 4)
    starts = {
        (int(row), round(float(window.times[0, 0]) / 0.2))
        for epoch in range(60)
        for row, window in zip(steps.rows(epoch, 0), reader(epoch), strict=True)
    }
    for row in range(14):
        found = {start for number, start in starts if number == row}
        assert found <= set(range(snippets.grid(row).count - 3))
        assert {0, snippets.grid(row).count - 4} & found


def test_a_video_shorter_than_annotated_is_refused(stretches: Dataset) -> None:
    store, plan = VideoStore(stretches.root), recipe()
    record = stretches.records[0]
    seconds = DURATION.of(record)

    def read(duration: float, **cut: float) -> None:
        extras = {**record.extras, **DURATION.set(duration)}
        changed = replace(record, extras=extras, **cut)
        grids(SnippetReader(store, (changed,), plan.clip, UNIT_OPTIONS), "cpu")

    read(seconds + 0.1)
    read(10 * seconds, end=seconds)
    with pytest.raises(UserError, match=f"{10 * seconds:g} s are annotated, and it lasts"):
        read(10 * seconds)
    with pytest.raises(UserError, match="check its duration and range, or replace the video"):
        read(seconds, start=0.5, end=10 * seconds)
