from pathlib import Path

import numpy as np
import pytest

from severe_bench.config.recipe import Clip
from severe_bench.core.errors import UserError
from severe_bench.core.extras import KEY_TIME
from severe_bench.core.record import Record
from severe_bench.data.key_clips import KeyBatchReader, KeyReader, Place, clip_at, key_frame
from severe_bench.data.reading import Steps
from severe_bench.data.store import Extent, VideoStore
from tests.adapt.fakes import write_video


def extent(frames: int, fps: float = 10.0, times: tuple[float, ...] | None = None) -> Extent:
    return Extent(0, frames, fps, None if times is None else np.array(times))


def test_avas_clip_is_32_frames_with_stride_2_about_the_key_frame() -> None:
    """PySlowFast: range(centre - 32, centre + 32, 2)."""
    found = clip_at(Clip(frames=32, stride=2), extent(30000), 1000, "centred")
    assert found.tolist() == list(range(1000 - 32, 1000 + 32, 2))


def test_yowos_clip_is_the_16_frames_up_to_the_key_frame() -> None:
    found = clip_at(Clip(frames=16), extent(300), 100, "ending")
    assert found.tolist() == list(range(85, 101))


@pytest.mark.parametrize(
    ("key", "place", "expected"),
    [
        (0, "ending", [0, 0, 0, 0]),
        (1, "ending", [0, 0, 0, 1]),
        (0, "centred", [0, 0, 0, 2]),
        (5, "centred", [1, 3, 5, 5]),
    ],
)
def test_beyond_the_ends_the_first_and_last_frame_stand_in(
    key: int, place: str, expected: list[int]
) -> None:
    stride = 2 if place == "centred" else 1
    clip = Clip(frames=4, stride=stride)
    assert clip_at(clip, extent(6), key, place).tolist() == expected  # type: ignore[arg-type]


def test_seconds_are_turned_into_native_frames() -> None:
    clip = Clip(frames=4, sampling="seconds", rate=5)
    assert clip_at(clip, extent(40, fps=10), 20, "ending").tolist() == [14, 16, 18, 20]
    varying = (0.0, 0.1, 0.2, 0.6, 1.0, 1.1)
    found = clip_at(clip, extent(6, times=varying), 4, "ending")
    assert found.tolist() == [2, 3, 3, 4]


@pytest.mark.parametrize("sampling", ["uniform", "linear"])
def test_sampling_over_the_whole_video_is_refused(sampling: str) -> None:
    with pytest.raises(UserError, match=f"{sampling} sampling makes no clip around a key frame"):
        clip_at(Clip.model_validate({"sampling": sampling}), extent(6), 1, "centred")


@pytest.mark.parametrize("fps", [12.0, 24.0, 25.0, 30000 / 1001, 30.0, 60.0])
@pytest.mark.parametrize("decimals", [3, 4, 12])
def test_rounded_key_times_are_the_frames_that_they_were_made_from(
    fps: float, decimals: int
) -> None:
    """To the millisecond, as tables have them: rounding down must not give the frame before."""
    frames = range(200)
    records = [
        Record("v", "", None, "train", extras=KEY_TIME.set(round(frame / fps, decimals)))
        for frame in frames
    ]
    even = extent(200, fps)
    varying = extent(200, fps, tuple(frame / fps for frame in frames))
    for found in (even, varying):
        assert [key_frame(record, found) for record in records] == list(frames)


def record(time: float, start: float | None = None) -> Record:
    return Record("v", "v.mp4", None, "train", start=start, extras=KEY_TIME.set(time))


def test_the_key_frame_is_the_one_on_screen() -> None:
    assert key_frame(record(902.0), extent(40000, fps=30)) == 27060
    assert key_frame(record(0.35), extent(40)) == 3
    assert key_frame(record(5.0, start=4.0), Extent(40, 40, 10.0)) == 10
    assert key_frame(record(0.55), extent(6, times=(0.0, 0.1, 0.2, 0.6, 1.0, 1.1))) == 2


@pytest.mark.parametrize("start", [0.01, 0.5, 1.017, 1.98])
def test_the_key_frame_is_the_same_one_in_a_part_of_the_video(tmp_path: Path, start: float) -> None:
    """Parts begin with the frame on screen at their start, which lies before it."""
    write_video(tmp_path / "v.mp4", 0, 36, seed=0)
    store = VideoStore(tmp_path)
    for time in np.arange(start + 0.02, 2.9, 0.041):
        part = Record("v", "v.mp4", None, "train", start, 2.95, extras=KEY_TIME.set(float(time)))
        found = store.extent(part)
        assert found.first + key_frame(part, found) == int((time + 5e-4) * 12)


@pytest.mark.parametrize("time", [4.0, -0.2])
def test_a_key_frame_that_is_not_in_the_video_is_refused(time: float) -> None:
    with pytest.raises(UserError, match="is not one of its 40 frames"):
        key_frame(record(time), extent(40))


def test_clips_of_a_step_are_those_of_its_records(tmp_path: Path) -> None:
    write_video(tmp_path / "v.mp4", 0, 12, seed=0)
    store = VideoStore(tmp_path)
    records = tuple(record(n / 12) for n in range(12))
    reader = KeyReader(store, records, Clip(frames=3))
    steps = Steps(12, 4, seed=5)
    clips = KeyBatchReader(reader, steps)(len(steps) + 1)
    for row, clip in zip(steps.rows(1, 1), clips, strict=True):
        around = np.clip([row - 1, row, row + 1], 0, 11)
        np.testing.assert_array_equal(clip, store.clip(records[0], around.tolist()))


@pytest.mark.parametrize("place", ["centred", "ending"])
def test_a_stride_around_a_key_frame_is_of_the_stated_rate(place: Place) -> None:
    """AVA: 32 frames, 2 apart at 30 per second, in a file of whatever rate."""
    clip = Clip(frames=32, stride=2)
    counted = clip.model_copy(update={"frame_rate": 30.0})
    for shown in (None, tuple(np.arange(200) / 30)):
        there = extent(200, fps=30, times=shown)
        assert np.array_equal(clip_at(counted, there, 90, place), clip_at(clip, there, 90, place))
    for fps in (15.0, 60.0):
        shown = tuple(np.arange(400) / fps)
        found = clip_at(counted, extent(400, fps=fps), 200, place)
        assert set(np.diff(found)) == {fps / 15}
        assert np.array_equal(
            clip_at(counted, extent(400, fps=fps, times=shown), 200, place), found
        )
