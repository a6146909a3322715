from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from severe_bench.adapt.counting.subclips import draw_subclips
from severe_bench.core.errors import UserError
from severe_bench.core.record import Dataset
from severe_bench.data.repetitions import boundaries, offsets
from tests.adapt.counting.fakes import beats_record

BOUNDS = (10, 20, 32, 40, 55)
RECORD = beats_record(0, "train", BOUNDS)


def test_every_sub_clip_spans_a_whole_cycle_and_carries_its_videos_offsets(beats: Dataset) -> None:
    records = beats.of("train")
    found = draw_subclips(records, 20, 300, seed=3)
    assert [clip.video for clip in found] == [n for n in range(len(records)) for _ in range(20)]
    for clip in found:
        bounds = boundaries(records[clip.video])
        first, last = clip.first, clip.first + clip.frames - 1
        assert bounds[0] <= first < last <= bounds[-1]
        assert any(first <= low and high <= last for low, high in pairwise(bounds))
        whole = offsets(bounds)
        part = slice(first - bounds[0], last - bounds[0] + 1)
        assert clip.offsets[:, 0].tolist() == whole.next[part].tolist()
        assert clip.offsets[:, 1].tolist() == whole.previous[part].tolist()


def test_all_begins_and_ends_occur_evenly() -> None:
    """Begin at the first boundary or within cycles 1 and 2; counts from 2 to all 5 boundaries."""
    found = draw_subclips((RECORD,), 6000, 300, seed=0)
    firsts = np.array([clip.first for clip in found])
    share = [(firsts == 10).mean(), ((firsts > 10) & (firsts < 20)).mean(), (firsts > 20).mean()]
    np.testing.assert_allclose(share, [1 / 3 + 1 / 33, 9 / 33, 12 / 39], atol=0.03)
    counts = np.bincount([clip.count for clip in found], minlength=6)
    two = (1 / 4 + 1 / 3 + 1 / 2) / 3  # whichever boundary it begins at
    four, five = (1 / 4 + 1 / 3) / 3, 1 / 4 / 3
    np.testing.assert_allclose(counts / 6000, [0, 0, two, two, four, five], atol=0.03)


def test_long_ones_are_cut_but_keep_their_count() -> None:
    whole = draw_subclips((RECORD,), 50, 300, seed=1)
    cut = draw_subclips((RECORD,), 50, 15, seed=1)
    assert [clip.frames for clip in cut] == [min(clip.frames, 15) for clip in whole]
    assert [(clip.first, clip.count) for clip in cut] == [(c.first, c.count) for c in whole]


def test_draws_depend_on_seed_and_place_alone() -> None:
    one, two = beats_record(1, "train", (0, 6, 12)), beats_record(2, "train", BOUNDS)
    together = draw_subclips((one, two), 5, 300, seed=4)
    same = draw_subclips((replace(one, path="other.mp4"), two), 5, 300, seed=4)
    other = draw_subclips((one, two), 5, 300, seed=5)
    assert [(c.first, c.frames) for c in together] == [(c.first, c.frames) for c in same]
    assert [(c.first, c.frames) for c in together] != [(c.first, c.frames) for c in other]


def test_one_repetition_gives_none_and_none_at_all_is_refused() -> None:
    single = beats_record(0, "train", (3, 9))
    assert {clip.video for clip in draw_subclips((single, RECORD), 3, 300, seed=0)} == {1}
    with pytest.raises(UserError, match="no training video has two repetitions"):
        draw_subclips((single,), 3, 300, seed=0)
