import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from severe_bench.adapt.timeline.grid import clip_seconds, grid_of, snippet_indices
from severe_bench.config.recipe import Clip
from severe_bench.core.errors import UserError
from severe_bench.core.record import Record
from severe_bench.data.store import Extent

VIDEO = Record("v", "v.avi", None, "test")
CLIP = Clip(frames=4, stride=2)
SECONDS = {"hop": 1.0, "hop_in": "seconds"}


def test_a_clip_lasts_as_long_as_its_frames() -> None:
    assert clip_seconds(Clip(frames=16, stride=2), 25.0) == pytest.approx(1.28)
    assert clip_seconds(Clip(frames=32, stride=8, frame_rate=24), 30.0) == pytest.approx(
        32 * 8 / 24
    )
    assert clip_seconds(Clip(frames=32, sampling="seconds", rate=16), 25.0) == 2.0


@pytest.mark.parametrize("sampling", ["uniform", "linear"])
def test_clips_over_the_whole_video_are_refused(sampling: str) -> None:
    clip = Clip.model_validate({"sampling": sampling})
    with pytest.raises(UserError, match=f"{sampling} sampling spreads a clip"):
        grid_of(VIDEO, Extent(0, 50, 25.0), clip, {"hop": 1.0, "hop_in": "clips"})


def test_stretches_follow_one_another_at_the_hop() -> None:
    found = grid_of(VIDEO, Extent(0, 100, 10.0), CLIP, {"hop": 2.5, "hop_in": "seconds"})
    assert found.times.tolist() == [[0, 2.5], [2.5, 5.0], [5.0, 7.5], [7.5, 10.0]]


@pytest.mark.parametrize(("frames", "count"), [(1, 1), (14, 1), (15, 1), (16, 2), (26, 3)])
def test_a_stretch_has_its_middle_in_the_video(frames: int, count: int) -> None:
    assert grid_of(VIDEO, Extent(0, frames, 10.0), CLIP, SECONDS).count == count


def test_of_a_part_of_a_video_times_are_those_of_the_whole() -> None:
    part = Record("p", "v.avi", None, "test", start=3.0, end=6.0)
    found = grid_of(part, Extent(30, 30, 10.0), CLIP, SECONDS)
    assert found.times.tolist() == [[3, 4], [4, 5], [5, 6]]


def test_snippets_are_centred_and_the_ends_stand_still() -> None:
    extent = Extent(0, 12, 10.0)
    grid = grid_of(VIDEO, extent, CLIP, {"hop": 0.4, "hop_in": "seconds"})
    found = snippet_indices(extent, CLIP, grid, 0, 3)
    # middles at frames 2, 6 and 10; frame 2 of 4 is the middle
    assert found.tolist() == [[0, 0, 2, 4], [2, 4, 6, 8], [6, 8, 10, 11]]
    assert snippet_indices(extent, CLIP, grid, 1, 2).tolist() == found[1:2].tolist()


def test_where_the_frame_rate_varies_a_snippet_is_around_the_frame_on_screen() -> None:
    shown = np.array([0.0, 0.1, 0.2, 0.3, 1.0, 2.0, 3.0])
    extent = Extent(5, 7, 7 / 3.2, shown)
    part = Record("p", "v.avi", None, "test", start=10.0)
    grid = grid_of(part, extent, CLIP, SECONDS)
    assert grid.times[:, 0].tolist() == [10.0, 11.0, 12.0]
    found = snippet_indices(extent, Clip(frames=1), grid, 0, 3)
    assert found[:, 0].tolist() == [3, 4, 5]


@given(
    st.integers(1, 300), st.sampled_from([5.0, 24.0, 29.97]), st.sampled_from([0.1, 0.37, 1.0, 40])
)
def test_every_frame_index_is_in_the_video(frames: int, fps: float, hop: float) -> None:
    extent = Extent(0, frames, fps)
    grid = grid_of(VIDEO, extent, CLIP, {"hop": hop, "hop_in": "seconds"})
    found = snippet_indices(extent, CLIP, grid, 0, grid.count)
    assert 0 <= found.min() <= found.max() < frames
    assert (np.diff(found[:, 2]) >= 0).all()
    assert grid.count == 1 or grid.times.mean(axis=1).max() <= frames / fps + 1e-6
    assert abs(grid.count * hop - frames / fps) <= hop / 2 + 1e-6 or grid.count == 1
