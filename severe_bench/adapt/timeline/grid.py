"""A video as a row of equal stretches of time, each seen by one clip: a snippet."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from severe_bench.config.recipe import Clip
from severe_bench.core.errors import UserError
from severe_bench.core.record import Record
from severe_bench.data.clips import TIE, Indices, Times
from severe_bench.data.key_clips import clip_at
from severe_bench.data.store import Extent


@dataclass(frozen=True)
class Grid:
    """The stretches of a video.

    Args:
        first: where the first one begins, in seconds of the whole video.
        hop: length of each in seconds.
        count: how many, at least 1.
    """

    first: float
    hop: float
    count: int

    @property
    def times(self) -> Times:
        """(count, 2) when each begins and ends, in seconds of the whole video."""
        edges = self.first + np.arange(self.count + 1) * self.hop
        return np.stack([edges[:-1], edges[1:]], axis=1)


def grid_of(record: Record, extent: Extent, clip: Clip, options: Mapping[str, Any]) -> Grid:
    """The stretches of a record: as many as have their middle in it, at least one.

    Args:
        record: whose start is the first frame's, where the frame rate varies.
        extent: of the record.
        clip: of a snippet.
        options: `hop`, in seconds or in lengths of a clip as `hop_in` says.

    Raises:
        UserError: clips that are spread over the whole video.

    Example:
        >>> video = Record("v", "v.avi", None, "test")
        >>> clip = Clip(frames=8, stride=2)
        >>> grid_of(video, Extent(0, 100, 25.0), clip, {"hop": 0.5, "hop_in": "clips"})
        Grid(first=0.0, hop=0.32, count=12)
    """
    unit = clip_seconds(clip, extent.fps) if options["hop_in"] == "clips" else 1.0
    hop = float(options["hop"]) * unit
    steady = extent.times is None
    first = extent.first / extent.fps if steady else record.start or 0.0
    return Grid(first, hop, max(1, math.floor(extent.seconds / hop + 0.5 - TIE)))


def clip_seconds(clip: Clip, fps: float) -> float:
    """How long a clip lasts.

    Raises:
        UserError: it is spread over the whole video.
    """
    if clip.sampling == "stride":
        return clip.frames * clip.stride / (clip.frame_rate or fps)
    if clip.sampling == "seconds":
        return clip.frames / clip.rate
    what = f"{clip.sampling} sampling spreads a clip over the whole video"
    raise UserError(what, "clip.sampling", "set it to stride or seconds for tasks on timelines")


def snippet_indices(extent: Extent, clip: Clip, grid: Grid, first: int, last: int) -> Indices:
    """Frames of the snippets `first` to `last` - 1: clips centred on the middle of their stretch.

    Returns:
        (last - first, clip.frames) relative to the record's start; what would lie outside the
        record is its first or last frame.
    """
    middles = (np.arange(first, last) + 0.5) * grid.hop
    if extent.times is None:
        keys = np.floor(middles * extent.fps + TIE).astype(np.int64)
    else:
        keys = np.searchsorted(extent.times, middles + TIE, side="right").astype(np.int64) - 1
    keys = np.clip(keys, 0, extent.frames - 1)
    return np.stack([clip_at(clip, extent, int(key), "centred") for key in keys])
