from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from severe_bench.adapt.counting.pixels import (
    Look,
    PartReader,
    SegmentReader,
    fit_square,
    outside,
    rows_at,
)
from severe_bench.config.network_input import Input
from severe_bench.core.errors import UserError
from severe_bench.core.extras import COUNT
from severe_bench.core.record import Dataset
from severe_bench.data.repetitions import boundaries
from severe_bench.data.store import VideoStore
from tests.adapt.counting.fakes import beats_record, write_beats

IMAGENET = Input()


def square(rows: np.ndarray, size: int) -> np.ndarray:
    """(T, S, S, 3) again."""
    return rows.reshape(-1, 3, size, size).transpose(0, 2, 3, 1)


def test_the_long_side_fits_and_black_fills_the_square() -> None:
    clip = np.full((2, 24, 40, 3), 200, dtype=np.uint8)
    wide, tall = square(fit_square(clip, 20), 20), square(fit_square(clip.swapaxes(1, 2), 20), 20)
    assert (wide[:, 4:16] == 200).all()
    assert not wide[:, :4].any()
    assert not wide[:, 16:].any()
    np.testing.assert_array_equal(tall, wide.swapaxes(1, 2))


def test_the_short_side_is_truncated_and_an_odd_rest_lies_after() -> None:
    clip = np.full((1, 15, 20, 3), 9, dtype=np.uint8)
    rows = square(fit_square(clip, 9), 9)[0, :, 0, 0]
    assert rows.tolist() == [0, 9, 9, 9, 9, 9, 9, 0, 0]


def test_frames_of_the_right_size_are_left_alone_and_mirrored_on_request() -> None:
    clip = np.random.default_rng(0).integers(0, 256, size=(3, 8, 8, 3), dtype=np.uint8)
    np.testing.assert_array_equal(square(fit_square(clip, 8), 8), clip)
    np.testing.assert_array_equal(square(fit_square(clip, 8, mirrored=True), 8), clip[:, :, ::-1])


def test_segments_are_those_of_the_annotation(beats: Dataset) -> None:
    store, records = VideoStore(beats.root), beats.of("test")
    for number, record in enumerate(records):
        bounds = boundaries(record)
        found = SegmentReader(PartReader(store, 16), records)(number)
        expected = store.frames(record)[bounds[0] : bounds[-1] + 1]
        np.testing.assert_array_equal(found, fit_square(expected, 16))


def test_a_video_of_which_only_the_count_is_known_is_read_whole(beats: Dataset) -> None:
    store, record = VideoStore(beats.root), beats.of("test")[0]
    counted = replace(record, extras=COUNT.set(COUNT.of(record)))
    found = SegmentReader(PartReader(store, 16), (counted,))(0)
    np.testing.assert_array_equal(found, fit_square(store.frames(record), 16))
    assert len(found) > boundaries(record)[-1] - boundaries(record)[0] + 1


def test_a_video_may_lack_a_few_last_frames_but_no_more(tmp_path: Path) -> None:
    bounds = (0, 6, 12)
    record = beats_record(0, "test", bounds)
    for frames in (10, 9):
        (tmp_path / str(frames)).mkdir()
        write_beats(tmp_path / str(frames) / record.path, bounds, frames)
    found = SegmentReader(PartReader(VideoStore(tmp_path / "10"), 8), (record,))(0)
    assert len(found) == 13
    assert (found[9:] == found[9]).all()
    with pytest.raises(UserError, match="it has 9 frames, and a repetition that ends at frame 13"):
        SegmentReader(PartReader(VideoStore(tmp_path / "9"), 8), (record,))(0)


@pytest.mark.parametrize("kind", ["mean_values", "mean"])
@pytest.mark.parametrize("channels", ["RGB", "BGR"])
def test_pixels_are_normalised_and_frames_outside_are_constant(kind: str, channels: str) -> None:
    statement = IMAGENET.model_copy(update={"channels": channels})
    rows = torch.arange(2 * 3 * 12, dtype=torch.uint8).view(1, 6, 12)
    missing = torch.tensor([[True, False, False, False, False, True]])
    clips = Look(statement, kind, 2).clips(rows, missing)  # type: ignore[arg-type]
    assert clips.shape == (1, 3, 6, 2, 2)
    order = [0, 1, 2] if channels == "RGB" else [2, 1, 0]
    for place, channel in enumerate(order):
        mean, deviation = statement.mean[channel], statement.std[channel]
        pixels = rows[0, 1:5].view(4, 3, 2, 2)[:, channel] / 255
        torch.testing.assert_close(clips[0, place, 1:5], (pixels - mean) / deviation)
        constant = mean if kind == "mean_values" else 0.0
        assert (clips[0, place, [0, 5]] == torch.tensor(constant)).all()


def test_rows_are_those_asked_for_and_others_are_told() -> None:
    rows = torch.arange(2 * 5 * 1, dtype=torch.uint8).view(2, 5, 1)
    places, frames = torch.tensor([[-2, 0, 4, 7], [0, 2, 3, 4]]), torch.tensor([5, 3])
    assert outside(places, frames).tolist() == [
        [True, False, False, True],
        [False, False, True, True],
    ]
    found = rows_at(rows, places, frames)[..., 0]
    assert found[~outside(places, frames)].tolist() == [0, 4, 5, 7]


def test_repetitions_are_numbered_in_the_whole_video(beats: Dataset) -> None:
    store, record = VideoStore(beats.root), beats.of("test")[0]
    bounds = boundaries(record)
    fps = store.extent(record).fps
    whole = SegmentReader(PartReader(store, 16), (record,))(0)
    cut = replace(record, start=(bounds[0] - 1) / fps, end=(bounds[-1] + 2) / fps)
    assert store.extent(cut).first == bounds[0] - 1 > 0
    np.testing.assert_array_equal(SegmentReader(PartReader(store, 16), (cut,))(0), whole)
    counted = replace(cut, extras=COUNT.set(COUNT.of(record)))
    found = SegmentReader(PartReader(store, 16), (counted,))(0)
    np.testing.assert_array_equal(found, fit_square(store.frames(cut), 16))
    late = replace(record, start=(bounds[0] + 1) / fps)
    with pytest.raises(UserError, match=f"a repetition that begins at frame {bounds[0]}"):
        SegmentReader(PartReader(store, 16), (late,))(0)
    short = replace(record, end=(bounds[-1] - 4) / fps)
    with pytest.raises(UserError, match="a repetition that ends at frame"):
        SegmentReader(PartReader(store, 16), (short,))(0)
