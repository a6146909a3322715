import pickle
from pathlib import Path

import numpy as np
import pytest

from severe_bench.config.recipe import Clip, Recipe
from severe_bench.core.record import Record
from severe_bench.data import contact, video
from severe_bench.data import store as module
from severe_bench.data.clips import train_indices
from severe_bench.data.reading import TestReader
from severe_bench.data.store import VideoStore
from severe_bench.data.video import Reading, VideoError, VideoInfo
from tests.data.films import film, numbers_of
from tests.data.zoo import COUNT, Animal, irregular
from tests.data.zoo import numbers_of as zoo_numbers


def record_of(name: str, start: float | None = None, end: float | None = None) -> Record:
    return Record(name, name, 0, "train", start=start, end=end)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    for n in range(4):
        film(folder / f"{n}.mp4", 20, size=64)
    return folder


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """Every read of a file: its name and how many frames."""
    seen: list[tuple[str, int]] = []
    real = video.read_with_name

    def spy(path: Path, indices: list[int], info: VideoInfo | None = None) -> Reading:
        seen.append((path.name, len(indices)))
        return real(path, indices, info)

    monkeypatch.setattr(contact, "read_with_name", spy)
    return seen


FRAME = 64 * 64 * 3


def test_a_small_video_is_decoded_once(root: Path, reads: list) -> None:
    store = VideoStore(root)
    assert numbers_of(store.frames(record_of("0.mp4"))) == list(range(20))
    assert numbers_of(store.clip(record_of("0.mp4"), [5, 5, 2])) == [5, 5, 2]
    assert reads == [("0.mp4", 20)]


def test_the_least_recently_used_video_goes_first(
    root: Path, reads: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT_SHARE", 1)
    store = VideoStore(root, max_bytes=2 * 20 * FRAME)
    for name in ("0.mp4", "1.mp4", "0.mp4", "2.mp4", "0.mp4", "1.mp4"):
        store.frames(record_of(name))
    assert [name for name, _ in reads] == ["0.mp4", "1.mp4", "2.mp4", "1.mp4"]


def test_a_large_video_is_read_by_the_clip(root: Path, reads: list) -> None:
    store = VideoStore(root, max_bytes=20 * FRAME * module.KEPT_SHARE - 1)
    assert numbers_of(store.clip(record_of("0.mp4"), [5, 9, 5])) == [5, 9, 5]
    assert numbers_of(store.clip(record_of("0.mp4"), [1])) == [1]
    assert reads == [("0.mp4", 3), ("0.mp4", 1)]


@pytest.mark.parametrize("max_bytes", [0, module.MIB * 512])
def test_a_trimmed_record_speaks_of_its_range_only(root: Path, max_bytes: int) -> None:
    store = VideoStore(root, max_bytes=max_bytes)
    record = record_of("0.mp4", start=0.2, end=0.4)
    extent = store.extent(record)
    assert (extent.first, extent.frames, extent.fps) == (5, 5, 25.0)
    assert numbers_of(store.frames(record)) == [5, 6, 7, 8, 9]
    assert numbers_of(store.clip(record, [0, 4])) == [5, 9]


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (None, None, (0, 20)),
        (0.5, None, (12, 8)),
        (None, 0.3, (0, 8)),
        (0.1, 99.0, (2, 18)),
        (0.1, 0.11, (2, 1)),
    ],
)
def test_ranges(
    root: Path, start: float | None, end: float | None, expected: tuple[int, int]
) -> None:
    extent = VideoStore(root).extent(record_of("0.mp4", start, end))
    assert (extent.first, extent.frames) == expected


def test_a_range_behind_the_end_is_refused(root: Path) -> None:
    with pytest.raises(VideoError, match=r"0\.mp4: no frame between 1\.0 s and 2\.0 s"):
        VideoStore(root).frames(record_of("0.mp4", 1.0, 2.0))


@pytest.mark.parametrize("indices", [[-1], [20], [0, 99]])
@pytest.mark.parametrize("max_bytes", [0, module.MIB * 512])
def test_no_frame_outside_is_given(root: Path, indices: list[int], max_bytes: int) -> None:
    with pytest.raises((IndexError, VideoError)):
        VideoStore(root, max_bytes=max_bytes).clip(record_of("0.mp4"), indices)


def test_a_missing_file_is_named(root: Path) -> None:
    with pytest.raises(VideoError, match=r"gone\.mp4: no such video"):
        VideoStore(root).frames(record_of("gone.mp4"))


def test_another_process_gets_an_empty_store(root: Path) -> None:
    store = VideoStore(root, max_bytes=module.MIB * 256)
    frames = store.frames(record_of("0.mp4"))
    content = pickle.dumps(store)
    assert len(content) < 1000
    copy = pickle.loads(content)  # noqa: S301 - our own bytes
    assert copy.max_bytes == module.MIB * 256
    assert np.array_equal(copy.frames(record_of("0.mp4")), frames)


@pytest.fixture(scope="module")
def varied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Bursts of six frames at 50 fps, each last one held for 200 ms."""
    folder = tmp_path_factory.mktemp("varied")
    Animal("vfr.mp4", options={"g": "12", "bf": "0"}, times=irregular).write(folder)
    return folder


def on_screen(second: float) -> int:
    """The last frame whose time has come."""
    return max(n for n in range(COUNT) if irregular(n) <= second * 1000 + 1e-3)


@pytest.mark.parametrize(("start", "end"), [(0.15, 0.65), (0.0, 0.3), (0.31, None), (1.3, 1.31)])
def test_a_range_of_a_varying_rate_is_found_by_time(
    varied: Path, start: float, end: float | None
) -> None:
    record = record_of("vfr.mp4", start, end)
    extent = VideoStore(varied).extent(record)
    shown = [n for n in range(COUNT) if end is None or irregular(n) < end * 1000 - 1e-3]
    wanted = [n for n in shown if n >= on_screen(start)]
    assert (extent.first, extent.frames) == (wanted[0], len(wanted))
    assert extent.times is not None
    after = [max(irregular(n) / 1000 - start, 0.0) for n in wanted]
    assert np.allclose(extent.times, after, atol=1e-3)


def test_clips_of_a_varying_rate_follow_the_clock(varied: Path) -> None:
    """16 frames a second, each the one that is on screen."""
    reader = TestReader(
        VideoStore(varied),
        (record_of("vfr.mp4"),),
        Recipe(clip=Clip(frames=32, sampling="seconds", rate=16.0), test={"clips": 1}),
    )
    raw = reader(0)
    asked = [on_screen(k / 16) for k in range(32)]
    assert zoo_numbers(raw.frames[raw.places[0]]) == asked


def slow_then_fast(number: int) -> int:
    """A second at 10 fps, then a second at 50 fps."""
    return number * 100 if number < 10 else 1000 + (number - 10) * 20


@pytest.fixture(scope="module")
def quickening(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("quickening")
    Animal("v.mp4", options={"g": "12", "bf": "0"}, count=60, times=slow_then_fast).write(folder)
    return folder


@pytest.mark.parametrize(
    ("start", "end", "frames", "seconds"),
    [
        (0.0, 1.0, 10, 1.0),
        (1.0, 2.0, 50, 1.0),
        (0.55, 0.95, 5, 0.4),  # from the middle of a frame to the middle of a frame
        (0.5, 1.1, 10, 0.6),
        (1.0, None, 50, 60 / (59 / 1.98) - 1),  # the last frame counts as long as the mean of all
        (None, None, 60, 60 / (59 / 1.98)),
    ],
)
def test_a_part_of_a_varying_rate_lasts_as_long_as_it_is_shown(
    quickening: Path, start: float | None, end: float | None, frames: int, seconds: float
) -> None:
    extent = VideoStore(quickening).extent(record_of("v.mp4", start, end))
    assert extent.frames == frames
    assert extent.seconds == pytest.approx(seconds, abs=2e-3)
    assert extent.fps == pytest.approx(frames / seconds, rel=1e-2)


@pytest.mark.parametrize(("start", "end"), [(0.0, 1.0), (1.0, 2.0)])
def test_test_clips_of_a_varying_rate_cover_the_whole_part(
    quickening: Path, start: float, end: float
) -> None:
    """Read at the mean rate of the file, the slow second seemed over after its first third."""
    recipe = Recipe(clip=Clip(frames=4, sampling="seconds", rate=10), test={"clips": 3})
    reader = TestReader(VideoStore(quickening), (record_of("v.mp4", start, end),), recipe)
    raw = reader(0)
    expected = np.array([[0.0, 0.3], [0.3, 0.6], [0.6, 0.9]]) + start
    assert raw.times == pytest.approx(expected, abs=1e-6)
    assert raw.weights.tolist() == pytest.approx([1 / 3] * 3)


@pytest.mark.parametrize(("start", "end"), [(0.0, 1.0), (1.0, 2.0)])
def test_training_clips_of_a_varying_rate_start_anywhere_in_the_part(
    quickening: Path, start: float, end: float
) -> None:
    clip = Clip(frames=4, sampling="seconds", rate=10)
    extent = VideoStore(quickening).extent(record_of("v.mp4", start, end))
    rng = np.random.default_rng(0)
    drawn = [train_indices(clip, extent.frames, extent.fps, rng, extent.times) for _ in range(400)]
    assert extent.times is not None
    shown = np.stack([extent.times[indices] for indices in drawn])
    assert shown.min() == 0.0
    assert shown.max() > 0.79
    assert (np.diff(shown, axis=1) > 0.07).all()  # no clip is looped or stands still


def test_a_range_behind_the_end_of_a_varying_rate_is_refused(varied: Path) -> None:
    with pytest.raises(VideoError, match="no frame between"):
        VideoStore(varied).extent(record_of("vfr.mp4", 9.0, 10.0))
