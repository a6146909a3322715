import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from severe_bench.config.recipe import Clip
from severe_bench.config.recipe import Test as HowTested
from severe_bench.data import clips

SECONDS = Clip(frames=32, sampling="seconds", rate=16.0)

CLIPS = st.builds(
    Clip,
    frames=st.integers(1, 40),
    sampling=st.sampled_from(["stride", "seconds", "uniform"]),
    stride=st.integers(1, 8),
    rate=st.floats(1, 60),
)
FPS = st.sampled_from([6.0, 12.0, 15.0, 23.976, 25.0, 29.97, 30.0, 60.0])


def reference_resampling(
    frames: int, fps: Fraction, rate: int, start: Fraction, span: Fraction
) -> list[int]:
    """SEVERE's rule in exact arithmetic: times below min(start + span - half a frame, end)."""
    end = min(start + span - Fraction(1, 2) / fps, frames / fps)
    indices, time = [], start
    while time < end and len(indices) < int(span * rate):
        indices.append(math.floor(time * fps))
        time += Fraction(1, rate)
    return indices


@given(clip=CLIPS, frames=st.integers(1, 500), fps=FPS, seed=st.integers(0, 2**31))
@settings(max_examples=200, deadline=None)
def test_training_clips_lie_within_the_video(
    clip: Clip, frames: int, fps: float, seed: int
) -> None:
    indices = clips.train_indices(clip, frames, fps, np.random.default_rng(seed))
    again = clips.train_indices(clip, frames, fps, np.random.default_rng(seed))
    assert indices.shape == (clip.frames,)
    assert indices.min() >= 0
    assert indices.max() < frames
    assert np.array_equal(indices, again)


@given(clip=CLIPS, frames=st.integers(1, 500), fps=FPS, count=st.integers(1, 12))
@settings(max_examples=200, deadline=None)
def test_test_clips_lie_within_the_video_and_start_in_order(
    clip: Clip, frames: int, fps: float, count: int
) -> None:
    indices = clips.test_indices(clip, frames, fps, HowTested(clips=count))
    assert indices.shape == (count, clip.frames)
    assert indices.min() >= 0
    assert indices.max() < frames
    assert (np.diff(indices[:, 0]) >= 0).all()


@pytest.mark.parametrize("fps", [5, 6, 12, 15, 24, 25, 30, 60])
@pytest.mark.parametrize("frames", [1, 5, 20, 33, 64, 100, 301])
@pytest.mark.parametrize("rate", [8, 15, 16])
def test_seconds_resampling_is_the_reference_in_exact_arithmetic(
    fps: int, frames: int, rate: int
) -> None:
    clip = Clip(frames=rate, sampling="seconds", rate=rate)
    whole = reference_resampling(
        frames, Fraction(fps), rate, Fraction(0), Fraction(frames, fps)
    ) or [0]
    padded = whole if len(whole) >= rate else (whole * rate)[:rate]
    starts = [int(s) for s in np.linspace(0, max(len(padded) - rate, 0), 10)]
    expected = [padded[start : start + rate] for start in starts]
    assert clips.test_indices(clip, frames, fps, HowTested(clips=10)).tolist() == expected


def test_two_seconds_at_sixteen_per_second() -> None:
    """The native frames that the reference's decoder was seen to take."""
    start = np.random.default_rng(0)
    at_25 = clips.train_indices(SECONDS, 50, 25.0, start)
    assert at_25[:7].tolist() == [0, 1, 3, 4, 6, 7, 9]
    assert at_25[-1] == 48
    assert clips.train_indices(SECONDS, 60, 30.0, start)[-1] == 58
    at_12 = clips.train_indices(SECONDS, 24, 12.0, start)
    assert len(set(at_12.tolist())) == 24


def test_a_short_video_loops_from_its_own_beginning() -> None:
    indices = clips.train_indices(SECONDS, 25, 25.0, np.random.default_rng(0))
    once = reference_resampling(25, Fraction(25), 16, Fraction(0), Fraction(2))
    assert len(once) == 16
    assert indices.tolist() == once + once
    stride = Clip(frames=5, stride=2)
    assert clips.train_indices(stride, 5, 25.0, np.random.default_rng(0)).tolist() == [
        0,
        2,
        4,
        0,
        2,
    ]


def test_training_starts_cover_all_places_evenly() -> None:
    rng = np.random.default_rng(0)
    clip = Clip(frames=3, stride=2)
    starts = [clips.train_indices(clip, 9, 25.0, rng)[0] for _ in range(2000)]
    counts = np.bincount(starts)
    assert len(counts) == 5  # 9 - (2 * 2 + 1) + 1
    assert counts.min() > 320


def test_training_starts_of_seconds_are_real_times() -> None:
    rng = np.random.default_rng(0)
    starts = [clips.train_indices(SECONDS, 75, 25.0, rng)[0] for _ in range(2000)]
    counts = np.bincount(starts)
    assert len(counts) == 25  # uniform in [0, 1) s
    assert counts.min() > 40


@pytest.mark.parametrize(
    ("frames", "expected"),
    [
        (20, [0] * 10),
        (32, [0] * 10),
        (33, [0] * 9 + [1]),
        (72, [0, 4, 8, 13, 17, 22, 26, 31, 35, 40]),
        (160, [0, 14, 28, 42, 56, 71, 85, 99, 113, 128]),
    ],
)
def test_starts_of_the_reference(frames: int, expected: list[int]) -> None:
    assert clips.test_starts(frames, 32, HowTested(clips=10)).tolist() == expected


def test_one_test_clip_starts_at_the_beginning() -> None:
    assert clips.test_starts(100, 32, HowTested(clips=1)).tolist() == [0]


def test_uniform_takes_one_frame_of_each_segment() -> None:
    clip = Clip(frames=4, sampling="uniform")
    assert clips.test_indices(clip, 40, 25.0, HowTested(clips=1)).tolist() == [[5, 15, 25, 35]]
    two = clips.test_indices(clip, 40, 25.0, HowTested(clips=2)).tolist()
    assert two == [
        [2, 12, 22, 32],
        [7, 17, 27, 37],
    ]
    drawn = clips.train_indices(clip, 40, 25.0, np.random.default_rng(0))
    assert (drawn // 10).tolist() == [0, 1, 2, 3]
    assert clips.test_indices(clip, 2, 25.0, HowTested(clips=1)).tolist() == [[0, 0, 1, 1]]


@given(st.lists(st.lists(st.integers(0, 2), min_size=2, max_size=2), min_size=1, max_size=10))
def test_distinct_views_weigh_as_often_as_they_occur(rows: list[list[int]]) -> None:
    views = clips.distinct(np.array(rows))
    found = views.indices.tolist()
    assert len({tuple(row) for row in found}) == len(found)
    assert found == [row for n, row in enumerate(rows) if row not in rows[:n]]
    expected = [rows.count(row) / len(rows) for row in found]
    assert views.weights.tolist() == pytest.approx(expected)
    assert views.weights.dtype == np.float32


@pytest.mark.parametrize(("frames", "fps"), [(0, 25.0), (10, 0.0), (10, math.nan)])
def test_nonsense_is_refused(frames: int, fps: float) -> None:
    with pytest.raises(ValueError, match="at least one frame"):
        clips.train_indices(SECONDS, frames, fps, np.random.default_rng(0))


CHARADES = Clip(frames=32, stride=8, short="hold")


def test_a_clip_longer_than_its_video_is_held_at_the_ends() -> None:
    """32 frames, 8 apart, span 249; the start is drawn in [L - 249, 0]."""
    rng = np.random.default_rng(0)
    drawn = [clips.train_indices(CHARADES, 100, 25.0, rng) for _ in range(3000)]
    firsts = set()
    for indices in drawn:
        offset = np.flatnonzero(np.diff(indices) == 8)
        start = int(indices[offset[0]]) - 8 * int(offset[0])
        firsts.add(start)
        assert indices.tolist() == [min(max(start + 8 * k, 0), 99) for k in range(32)]
    assert min(firsts) == -149
    assert max(firsts) == 0


def test_held_test_clips_start_at_rounded_places() -> None:
    """Starts are round(i * max(L - 249, 0) / 9), as PySlowFast has them for Charades."""
    test = HowTested(clips=10, starts="round")
    found = clips.test_indices(CHARADES, 300, 25.0, test)
    assert found[:, 0].tolist() == [round(i * 51 / 9) for i in range(10)]
    assert (found[:, -1] - found[:, 0]).tolist() == [248] * 10
    short = clips.test_indices(CHARADES, 20, 25.0, test)
    assert (short == [min(8 * k, 19) for k in range(32)]).all()


def test_linear_sampling_has_one_offset() -> None:
    clip = Clip(frames=8, sampling="linear")
    rng = np.random.default_rng(0)
    drawn = np.stack([clips.train_indices(clip, 80, 25.0, rng) for _ in range(500)])
    assert (np.diff(drawn, axis=1) == 10).all()
    assert set(drawn[:, 0]) == set(range(10))
    assert clips.test_indices(clip, 80, 25.0, HowTested(clips=1)).tolist() == [
        [5, 15, 25, 35, 45, 55, 65, 75]
    ]


@pytest.mark.parametrize("short", ["loop", "hold"])
@given(frames=st.integers(1, 600), stride=st.integers(1, 8), seed=st.integers(0, 2**31))
@settings(max_examples=100, deadline=None)
def test_a_video_at_the_rate_that_is_counted_at_is_read_as_without_one(
    short: str, frames: int, stride: int, seed: int
) -> None:
    plain = Clip.model_validate({"frames": 8, "stride": stride, "short": short})
    counted = plain.model_copy(update={"frame_rate": 24.0})
    times = np.arange(frames) / 24.0
    for shown in (None, times):
        drawn = [
            clips.train_indices(clip, frames, 24.0, np.random.default_rng(seed), shown)
            for clip in (plain, counted)
        ]
        assert np.array_equal(drawn[0], drawn[1])
        tested = [
            clips.test_indices(clip, frames, 24.0, HowTested(), shown) for clip in (plain, counted)
        ]
        assert np.array_equal(tested[0], tested[1])


@given(fps=FPS, seed=st.integers(0, 2**31))
@settings(max_examples=100, deadline=None)
def test_a_stride_at_a_stated_rate_is_a_time(fps: float, seed: int) -> None:
    """Charades: 32 frames, 8 apart at 24 per second, so 1/3 s apart in a file of any rate."""
    clip = CHARADES.model_copy(update={"frame_rate": 24.0})
    frames = round(40 * fps)
    drawn = clips.train_indices(clip, frames, fps, np.random.default_rng(seed))
    for row in (drawn, *clips.test_indices(clip, frames, fps, HowTested())):
        assert (np.abs(np.diff(row) - fps / 3) <= 1).all()
        assert abs((row[-1] - row[0]) / fps - 31 * 8 / 24) <= 1 / fps
    if fps == 30.0:
        assert set(np.diff(drawn)) == {10}


def test_a_stated_rate_is_of_strides_only() -> None:
    with pytest.raises(ValueError, match="frame_rate needs sampling: stride"):
        Clip(sampling="seconds", frame_rate=24.0)
