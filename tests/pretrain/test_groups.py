import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from severe_bench.core.errors import UserError
from severe_bench.data.reading import Steps
from severe_bench.pretrain.groups import Groups


@settings(max_examples=60, deadline=None)
@given(
    records=st.integers(4, 50),
    size=st.integers(2, 9),
    videos=st.integers(1, 3),
    epoch=st.integers(0, 3),
)
def test_videos_of_a_group_differ_and_none_is_left_out(
    records: int, size: int, videos: int, epoch: int
) -> None:
    steps = Steps(records, size, seed=1)
    rows = [Groups(steps, videos).rows(epoch, step) for step in range(len(steps))]
    together = np.concatenate(rows, axis=1)
    assert all(len(set(column)) == videos for column in together.T.tolist())
    for row in together:
        assert len(set(row.tolist())) == together.shape[1]
    np.testing.assert_array_equal(
        together[0], np.concatenate([steps.rows(epoch, step) for step in range(len(steps))])
    )


def test_partners_change_from_epoch_to_epoch() -> None:
    groups = Groups(Steps(50, 50, seed=1), 2)
    pairs = [frozenset(groups.rows(epoch, 0).T[0].tolist()) for epoch in range(6)]
    assert len(set(pairs)) > 1


def test_groups_are_a_function_of_the_seed() -> None:
    one, other, third = (Groups(Steps(30, 8, seed), 3).rows(2, 1) for seed in (4, 4, 5))
    np.testing.assert_array_equal(one, other)
    assert not np.array_equal(one, third)


def test_too_few_videos_are_said() -> None:
    with pytest.raises(UserError, match="3 different"):
        Groups(Steps(2, 2, seed=0), 3).rows(0, 0)


@settings(max_examples=60, deadline=None)
@given(
    records=st.integers(3, 20),
    size=st.integers(2, 9),
    clips=st.integers(2, 4),
    epoch=st.integers(0, 3),
)
def test_so_they_do_where_an_epoch_has_several_clips_of_a_video(
    records: int, size: int, clips: int, epoch: int
) -> None:
    steps = Steps(records, size, seed=1, clips_per_video=clips)
    rows = [Groups(steps, 3).rows(epoch, step) for step in range(len(steps))]
    together = np.concatenate(rows, axis=1)
    assert all(len(set(column)) == 3 for column in together.T.tolist())
    counts = [np.bincount(row, minlength=records) for row in together]
    for row in counts[1:]:
        np.testing.assert_array_equal(np.sort(row), np.sort(counts[0]))
