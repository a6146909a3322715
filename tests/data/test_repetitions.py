from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.io import loadmat, savemat

from severe_bench.core.errors import UserError
from severe_bench.core.record import Record
from severe_bench.data.adapter import Location
from severe_bench.data.datasets.ucfrep import UCFREP, UcfRepOptions
from severe_bench.data.repetitions import boundaries, offsets

RISING = st.lists(st.integers(1, 40), min_size=1, max_size=12).map(
    lambda lengths: [int(bound) for bound in 7 + np.cumsum([0, *lengths])]
)


def runs(*pairs: tuple[int, int]) -> list[int]:
    """Values and how often each stands in a row."""
    return [value for value, times in pairs for _ in range(times)]


BENCH_PRESS: dict[str, list[int]] = {
    "bounds": [1, 38, 76, 112],
    "next": runs((37, 19), (38, 28), (37, 19), (36, 9), (-1, 37)),
    "previous": runs((-1, 37), (37, 19), (38, 29), (37, 18), (36, 9)),
}
"""`v_BenchPress_g10_c01` of the archive, as the notes on it say."""


def test_a_documented_video_of_the_archive() -> None:
    found = offsets(BENCH_PRESS["bounds"])
    assert found.next.tolist() == BENCH_PRESS["next"]
    assert found.previous.tolist() == BENCH_PRESS["previous"]


@pytest.mark.parametrize("kind", [np.uint8, np.uint16, np.int32, np.float64])
def test_the_type_of_the_boundaries_does_not_matter(kind: type) -> None:
    """Stored as uint8, 255 - 200 + 250 wraps around."""
    bounds: NDArray[Any] = np.array([200, 230, 255], dtype=kind)
    found = offsets(bounds)
    assert found.next.tolist() == offsets([200, 230, 255]).next.tolist()
    assert found.next[0] == 30
    assert found.next.max() < 32


def write_mat(
    path: Path, bounds: list[int], kind: type, following: list[int], past: list[int]
) -> None:
    """As MATLAB wrote the archive: numbers as matrices, boundaries in the smallest type."""
    label = {
        "duration": np.array([[bounds[-1] - bounds[0] + 1]], dtype=kind),
        "start_frame": np.array([[bounds[0]]], dtype=kind),
        "end_frame": np.array([[bounds[-1]]], dtype=kind),
        "temporal_bound_num": np.array([[len(bounds)]], dtype=np.uint8),
        "temporal_bound": np.array(bounds, dtype=kind)[:, None],
        "offset_next_estimate": np.array([following], dtype=np.int32),
        "offset_pre_estimate": np.array([past], dtype=np.int32),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    savemat(path, {"label": label})


def by_hand(bounds: list[int]) -> tuple[list[int], list[int]]:
    """Next and previous offsets in exact fractions, frame by frame, later cycles overwriting."""
    start = bounds[0]
    following, past = ([-1] * (bounds[-1] - start + 1) for _ in range(2))
    for k in range(len(bounds) - 1):
        own = bounds[k + 1] - bounds[k]
        for frame in range(bounds[k], bounds[k + 1] + 1):
            phase = Fraction(frame - bounds[k], own)
            for there, table in ((k + 1, following), (k - 1, past)):
                table[frame - start] = -1
                if 0 <= there < len(bounds) - 1:
                    other = bounds[there + 1] - bounds[there]
                    low, high = sorted((own, other))
                    if high - low <= 2 or high * 10 <= low * 13:
                        distance = abs(bounds[there] + phase * other - frame)
                        table[frame - start] = int(distance + Fraction(1, 2))
    return following, past


@given(RISING)
def test_agrees_with_exact_fractions_frame_by_frame(bounds: list[int]) -> None:
    found = offsets(bounds)
    following, past = by_hand(bounds)
    differs = [
        frame
        for frame, (ours, theirs) in enumerate(zip(found.next, following, strict=True))
        if ours != theirs
    ]
    assert len(found.previous) == len(past)
    # Double precision, as MATLAB has it, may fall on the other side of an exact half.
    assert all(abs(found.next[frame] - following[frame]) <= 1 for frame in differs)
    assert (found.next == -1).tolist() == [value == -1 for value in following]
    assert (found.previous == -1).tolist() == [value == -1 for value in past]
    assert np.abs(found.previous - past).max() <= 1


@pytest.mark.parametrize(
    ("bounds", "irregular"),
    [
        ([0, 10, 23], False),  # a factor of exactly 1.3
        ([0, 10, 24], True),
        ([0, 2, 6], False),  # a factor of 2, but two frames only
        ([0, 2, 7], True),
    ],
)
def test_cycles_differ_too_much_by_more_than_two_frames_and_a_factor(
    bounds: list[int], irregular: bool
) -> None:
    found = offsets(bounds)
    assert (found.next[0] == -1) == irregular
    assert (found.previous[-1] == -1) == irregular


def test_halves_round_away_from_zero() -> None:
    """Half-way through 2 frames before 3 the next phase is 2.5 frames ahead; Python rounds to 2."""
    assert offsets([0, 2, 5]).next[1] == 3
    assert offsets([0, 3, 5]).next.tolist()[:3] == [3, 3, 2]


def test_one_repetition_has_no_neighbour() -> None:
    found = offsets([3, 7])
    assert found.next.tolist() == found.previous.tolist() == [-1] * 5


@pytest.mark.parametrize(("kind", "shift"), [(np.uint8, 0), (np.uint16, 300)])
def test_derived_offsets_equal_the_stored_ones_of_files_in_the_archives_format(
    tmp_path: Path, kind: type, shift: int
) -> None:
    """From the official file through the adapter to the offsets, against those in the file."""
    random = np.random.default_rng(5)
    videos = {"v_BenchPress_g10_c01": [bound + shift for bound in BENCH_PRESS["bounds"]]}
    for number in range(6):
        lengths = random.integers(5, 12, size=random.integers(2, 9))
        bounds = (1 + shift + np.cumsum([0, *lengths])).tolist()
        videos[f"v_Mixing_g0{number + 1}_c02"] = bounds
    for video, bounds in videos.items():
        write_mat(tmp_path / "train" / f"{video}.mat", bounds, kind, *by_hand(bounds))
    write_mat(tmp_path / "val" / "v_Mixing_g21_c01.mat", [1, 9, 20], kind, *by_hand([1, 9, 20]))
    dataset = UCFREP.load(UcfRepOptions(), Location(None, tmp_path))
    for record in dataset.records:
        folder = "train" if record.split == "train" else "val"
        stored = loadmat(tmp_path / folder / f"{record.sample}.mat", simplify_cells=True)["label"]
        found = offsets(boundaries(record))
        assert found.next.tolist() == stored["offset_next_estimate"].tolist()
        assert found.previous.tolist() == stored["offset_pre_estimate"].tolist()
    assert len(dataset.records) == len(videos) + 1


def test_boundaries_need_repetitions() -> None:
    with pytest.raises(UserError, match="has no starts"):
        boundaries(Record("a", "a.mp4", 0, "test"))
