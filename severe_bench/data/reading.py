"""What is read for training and testing: plans of clips, without torch, fit for loader processes.

Everything is a pure function of (seed, epoch, step), so that any process can read any step.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from severe_bench.config.recipe import Clip, Recipe
from severe_bench.core.extras import REVERSED
from severe_bench.core.record import Record
from severe_bench.data.clips import Indices, Times, distinct, test_indices, train_indices
from severe_bench.data.packed import SendsPacked
from severe_bench.data.store import Extent, VideoStore
from severe_bench.data.video import Frames

ORDER, START, PIXELS = 0, 1, 2
"""Streams of random numbers that a seed is split into."""


@dataclass(frozen=True)
class Steps:
    """How the records of an epoch fall into batches.

    Each record occurs `clips_per_video` times per epoch, in an order drawn anew. The last batch may
    be smaller; it is left out only if it would hold a single sample (batch normalisation has no
    deviation of one), or where the recipe drops it, and is not the only one.

    Args:
        records: how many there are, at least 1.
        batch_size: at least 1.
        seed: of the order.
        clips_per_video: at least 1.
        drop_last: leave out a last batch that is not full.
    """

    records: int
    batch_size: int
    seed: int
    clips_per_video: int = 1
    drop_last: bool = False

    @classmethod
    def of(cls, records: int, recipe: Recipe, seed: int) -> "Steps":
        """As a recipe says."""
        clips = recipe.schedule.clips_per_video
        return cls(records, recipe.batch_size, seed, clips, recipe.drop_last)

    def __len__(self) -> int:
        """Batches per epoch, at least 1."""
        full, rest = divmod(self.records * self.clips_per_video, self.batch_size)
        kept = not self.drop_last and (rest > 1 or (rest == 1 and self.batch_size == 1))
        return max(1, full + kept)

    def rows(self, epoch: int, step: int) -> NDArray[np.int64]:
        """Indices of the records in one batch."""
        if not 0 <= step < len(self):
            raise IndexError(f"step {step} of {len(self)}")
        order = _order(self.records * self.clips_per_video, self.seed, epoch)
        return order[step * self.batch_size :][: self.batch_size] % self.records


@lru_cache(maxsize=4)
def _order(clips: int, seed: int, epoch: int) -> NDArray[np.int64]:
    return np.random.default_rng([seed, ORDER, epoch]).permutation(clips)


@dataclass(frozen=True)
class TimedClip:
    """A decoded clip and the stretch of video that it covers.

    Args:
        frames: (T, H, W, 3) uint8, in the order in which they are played.
        times: (2,) when its earliest and its latest frame are shown, in seconds of the whole video.
    """

    frames: Frames
    times: Times


@dataclass(frozen=True)
class TrainReader(SendsPacked):
    """Reads the clips of a training step: one per record, its start drawn.

    Args:
        store: where the videos are.
        records: training records.
        clip: the recipe's clip.
        steps: batches of an epoch over these records.
    """

    store: VideoStore
    records: Sequence[Record]
    clip: Clip
    steps: Steps

    def __call__(self, number: int) -> list[TimedClip]:
        """The clips of step `number`, counted through all epochs."""
        epoch, step = divmod(number, len(self.steps))
        rng = np.random.default_rng([self.steps.seed, START, epoch, step])
        return [self._clip(self.records[row], rng) for row in self.steps.rows(epoch, step)]

    def _clip(self, record: Record, rng: np.random.Generator) -> TimedClip:
        extent = self.store.extent(record)
        indices = train_indices(self.clip, extent.frames, extent.fps, rng, extent.times)
        return timed_clip(self.store, record, indices)


@dataclass(frozen=True)
class RawViews:
    """The test clips of one video, each frame once.

    Args:
        frames: (U, H, W, 3) uint8: the frames that occur in any clip.
        places: (V, T) indices into them, for V different clips.
        weights: (V,) float32 summing to 1.
        times: (V, 2) what each clip covers, as in `TimedClip`.
    """

    frames: Frames
    places: Indices
    weights: NDArray[np.float32]
    times: Times


@dataclass(frozen=True)
class TestReader(SendsPacked):
    """Reads the test clips of one record.

    Args:
        store: where the videos are.
        records: test records.
        recipe: its clip and number of test clips.
    """

    __test__ = False

    store: VideoStore
    records: Sequence[Record]
    recipe: Recipe

    def __call__(self, number: int) -> RawViews:
        """The clips of record `number`."""
        record = self.records[number]
        extent = self.store.extent(record)
        indices = test_indices(
            self.recipe.test_clip, extent.frames, extent.fps, self.recipe.test, extent.times
        )
        views = distinct(in_direction(record, indices))
        used, places = np.unique(views.indices, return_inverse=True)
        frames = self.store.clip(record, used.tolist())
        places = places.reshape(views.indices.shape)
        return RawViews(frames, places, views.weights, covered(record, extent, views.indices))


def timed_clip(store: VideoStore, record: Record, indices: Indices) -> TimedClip:
    """The frames at `indices` (T,) of a record, in the order in which it is played.

    Raises:
        VideoError: any of them cannot be decoded.
    """
    frames = store.clip(record, in_direction(record, indices).tolist())
    return TimedClip(frames, covered(record, store.extent(record), indices))


def covered(record: Record, extent: Extent, indices: Indices) -> Times:
    """When the earliest and the latest frame of clips are shown, in seconds of the whole video.

    Args:
        record: whose start is the first frame's, where the frame rate varies.
        extent: of the record.
        indices: (..., T) relative to it, in any order.

    Returns:
        (..., 2).
    """
    ends = np.stack([indices.min(axis=-1), indices.max(axis=-1)], axis=-1)
    if extent.times is not None:
        return np.asarray((record.start or 0.0) + extent.times[ends])
    return np.asarray((extent.first + ends) / extent.fps)


def in_direction(record: Record, indices: Indices) -> Indices:
    """Frame indices (..., T) in the order in which the record is played."""
    return indices[..., ::-1] if record.extras.get(REVERSED.name) else indices


def as_records(records: Sequence[Record]) -> tuple[Record, ...]:
    """The records as a tuple, at least one.

    Raises:
        ValueError: there is none.
    """
    if not records:
        raise ValueError("no records to read")
    return tuple(records)
