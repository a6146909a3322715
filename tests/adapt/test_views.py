from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pytest
import torch

from severe_bench.adapt.views import TrainViewReader, blocks_of
from severe_bench.core.record import Record
from severe_bench.data.sources import Views
from severe_bench.data.store import Extent
from tests.adapt.fakes import recipe


class Long:
    """Stands for a store of 100-frame videos; a clip is its frame indices."""

    def extent(self, record: Record) -> Extent:
        return Extent(0, 100, 12.0)

    def clip(self, record: Record, indices: Sequence[int]) -> Any:
        return np.array(indices)


def starts(seed: int = 0) -> list[tuple[int, ...]]:
    """First frames of the three views of twenty videos."""
    records = tuple(Record(f"video-{number}", "", 0, "train") for number in range(20))
    reader = TrainViewReader(cast(Any, Long()), records, recipe(feature_views=3), seed)
    return [tuple(int(clip.frames[0]) for clip in reader(number)) for number in range(20)]


def test_clip_starts_differ_by_video_view_and_seed_and_repeat() -> None:
    assert starts() == starts()
    assert len(set(starts())) == 20
    assert all(len(set(views)) > 1 for views in starts())
    assert not set(starts()) & set(starts(seed=1))


@pytest.mark.parametrize(
    ("batch_size", "per_video", "sizes"), [(6, 3, [2, 2, 1]), (2, 3, [1] * 5), (99, 3, [5])]
)
def test_blocks_hold_about_one_batch_of_clips(
    batch_size: int, per_video: int, sizes: list[int]
) -> None:
    times = np.zeros((1, 2))
    views = [Views(torch.full((1,), float(n)), torch.ones(1), times) for n in range(5)]
    blocks = list(blocks_of(iter(views), recipe(batch_size=batch_size), per_video))
    assert [len(block) for block in blocks] == sizes
    assert [video for block in blocks for video in block] == views
