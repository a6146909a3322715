import functools
import operator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from severe_bench.config.recipe import Clip, Recipe, Schedule
from severe_bench.config.recipe import Test as HowTested
from severe_bench.core.extras import REVERSED
from severe_bench.core.record import Record
from severe_bench.data.clips import test_indices as clips_of
from severe_bench.data.reading import Steps, TrainReader, as_records, covered
from severe_bench.data.reading import TestReader as Reader
from severe_bench.data.store import Extent, VideoStore
from severe_bench.train.schedule import lr_factor
from tests.data.films import film, numbers_of

Filmed = tuple[Path, tuple[Record, ...]]


@given(records=st.integers(1, 60), batch=st.integers(1, 20), seed=st.integers(0, 2**31))
def test_an_epoch_holds_every_record_once_but_a_lonely_last_one(
    records: int, batch: int, seed: int
) -> None:
    steps = Steps(records, batch, seed)
    batches = [steps.rows(3, step).tolist() for step in range(len(steps))]
    rows = functools.reduce(operator.iadd, batches, [])
    lonely = records % batch == 1 and records > 1 and batch > 1
    assert len(rows) == len(set(rows)) == records - lonely
    assert all(len(rows) == batch for rows in batches[:-1])
    assert len(batches[-1]) >= min(2, records, batch)


def test_orders_depend_on_seed_and_epoch_only() -> None:
    def order(seed: int, epoch: int) -> list[int]:
        return Steps(50, 50, seed).rows(epoch, 0).tolist()

    assert order(1, 0) == order(1, 0)
    assert len({tuple(order(seed, epoch)) for seed in range(3) for epoch in range(3)}) == 9


@pytest.mark.parametrize("step", [-1, 2])
def test_there_is_no_such_step(step: int) -> None:
    with pytest.raises(IndexError):
        Steps(8, 4, 0).rows(0, step)


@pytest.fixture(scope="module")
def records(tmp_path_factory: pytest.TempPathFactory) -> Filmed:
    folder = tmp_path_factory.mktemp("videos")
    for n in range(4):
        film(folder / f"{n}.mp4", 20 + n)
    return folder, tuple(Record(f"{n}", f"{n}.mp4", n, "train") for n in range(4))


def test_training_clips_are_consecutive_frames_of_the_right_videos(records: Filmed) -> None:
    folder, table = records
    reader = TrainReader(VideoStore(folder), table, Clip(frames=4), Steps(4, 2, 9))
    starts = set()
    for number in range(8):
        clips = reader(number)
        assert len(clips) == 2
        for clip in clips:
            found = numbers_of(clip.frames)
            assert clip.times.tolist() == pytest.approx([found[0] / 25, found[-1] / 25])
            assert found == list(range(found[0], found[0] + 4))
            starts.add(found[0])
    assert len(starts) > 5


def test_starts_are_drawn_anew_each_epoch(records: Filmed) -> None:
    folder, table = records
    reader = TrainReader(VideoStore(folder), table[:1], Clip(frames=4), Steps(1, 1, 9))
    assert len({numbers_of(reader(epoch)[0].frames)[0] for epoch in range(20)}) > 8


def test_any_step_can_be_read_by_itself(records: Filmed) -> None:
    folder, table = records
    first, second = (
        TrainReader(VideoStore(folder), table, Clip(frames=4), Steps(4, 2, 9)) for _ in range(2)
    )
    in_turn = [first(number) for number in range(6)]
    for number in (5, 0, 3):
        for a, b in zip(in_turn[number], second(number), strict=True):
            assert np.array_equal(a.frames, b.frames)
            assert np.array_equal(a.times, b.times)


def test_test_frames_are_read_once_each(records: Filmed) -> None:
    folder, table = records
    recipe = Recipe(clip=Clip(frames=8), test=HowTested(clips=5))
    raw = Reader(VideoStore(folder), table, recipe)(1)
    assert numbers_of(raw.frames) == list(range(21))
    assert raw.frames[raw.places].shape == (5, 8, 64, 64, 3)
    assert [numbers_of(clip) for clip in raw.frames[raw.places]] == clips_of(
        recipe.clip, 21, 25.0, recipe.test
    ).tolist()
    assert raw.weights.tolist() == pytest.approx([0.2] * 5)


def test_a_short_video_has_one_view(records: Filmed) -> None:
    folder, table = records
    recipe = Recipe(clip=Clip(frames=32), test=HowTested(clips=10))
    raw = Reader(VideoStore(folder), table, recipe)(0)
    assert raw.places.shape == (1, 32)
    assert numbers_of(raw.frames[raw.places[0]]) == [*range(20), *range(12)]
    assert raw.weights.tolist() == [1.0]
    assert raw.times.tolist() == [[0.0, pytest.approx(19 / 25)]]


def test_times_are_those_of_the_whole_video_in_any_direction(records: Filmed) -> None:
    """A range from frame 5 to 12, played either way, in clips of 4."""
    folder, _ = records
    recipe = Recipe(clip=Clip(frames=4), test=HowTested(clips=2))
    played = []
    for extras in ({}, REVERSED.set(True)):
        part = Record("part", "3.mp4", 0, "test", start=0.2, end=0.52, extras=extras)
        raw = Reader(VideoStore(folder), (part,), recipe)(0)
        assert raw.times == pytest.approx(np.array([[5, 8], [9, 12]]) / 25)
        played.append([numbers_of(clip) for clip in raw.frames[raw.places]])
    assert played[0] == [[5, 6, 7, 8], [9, 10, 11, 12]]
    assert played[1] == [clip[::-1] for clip in played[0]]


def test_times_where_the_frame_rate_varies() -> None:
    extent = Extent(7, 4, 25.0, np.array([0.0, 0.1, 0.5, 0.6]))
    record = Record("part", "a.mp4", 0, "test", start=2.0)
    indices = np.array([[1, 2, 3, 1], [0, 0, 0, 0]])
    assert covered(record, extent, indices) == pytest.approx(np.array([[2.1, 2.6], [2.0, 2.0]]))


def test_no_records_are_refused() -> None:
    with pytest.raises(ValueError, match="no records"):
        as_records([])


@pytest.mark.parametrize(
    ("videos", "clips_per_video", "batch", "expected"),
    [
        (9537, 10, 32, 2980),  # UCF101
        (3570, 10, 32, 1115),  # HMDB51
        (20484, 10, 32, 6401),  # Gym-99
        (168913, 2, 32, 10557),  # SSv2
        (40320, 10, 64, 6300),  # NTU-60
        (1010, 10, 32, 315),  # UCF, 1000 asked for
        (1089, 10, 32, 340),
        (1882, 10, 32, 588),  # FX-S1
        (3511, 10, 32, 1097),  # UB-S1
        (15027, 10, 32, 4695),  # Diving48
    ],
)
def test_iterations_per_loop_epoch_are_those_of_severes_code(
    videos: int, clips_per_video: int, batch: int, expected: int
) -> None:
    assert len(Steps(videos, batch, 0, clips_per_video, drop_last=True)) == expected


def test_a_loop_epoch_shows_every_video_as_often() -> None:
    steps = Steps(7, 4, 3, clips_per_video=6)
    shown = np.concatenate([steps.rows(2, step) for step in range(len(steps))])
    assert np.bincount(shown).tolist() == [6] * 7
    assert len(steps) == 11  # 42 clips: ten batches of four and one of two
    assert len(Steps(7, 4, 3, clips_per_video=6, drop_last=True)) == 10
    assert len(Steps(3, 4, 3, drop_last=True)) == 1


@pytest.mark.parametrize("milestones", [(6, 10, 14)])
def test_loop_epochs_are_the_papers_epochs(milestones: tuple[int, ...]) -> None:
    """16 loop epochs of ten clips with milestones 6, 10, 14 are 160 with 60, 100, 140."""
    batch, videos = 4, 40
    loop = Schedule(epochs=16, milestones=milestones, gamma=0.3, clips_per_video=10)
    paper = Schedule(epochs=160, milestones=tuple(10 * m for m in milestones), gamma=0.3)
    rates = []
    for schedule in (loop, paper):
        steps = len(Steps.of(videos, Recipe(schedule=schedule, batch_size=batch), 0))
        rates.append(
            [
                lr_factor(schedule, epoch, step, steps)
                for epoch in range(schedule.epochs)
                for step in range(steps)
            ]
        )
    assert rates[0] == rates[1]
