"""Which clips are contrasted: groups of videos by step, read without torch."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from severe_bench.config.recipe import Clip
from severe_bench.core.errors import UserError
from severe_bench.core.record import Record
from severe_bench.data.clips import train_indices
from severe_bench.data.reading import START, Steps
from severe_bench.data.store import VideoStore
from severe_bench.data.video import Frames

PARTNERS = 3
"""Stream of random numbers that groups videos; `data.reading` has the streams before it."""


@dataclass(frozen=True)
class Groups:
    """Every video of an epoch in turn, with the other videos of its group.

    Args:
        steps: order and batches of an epoch.
        videos: different videos in a group.
    """

    steps: Steps
    videos: int

    def rows(self, epoch: int, step: int) -> NDArray[np.int64]:
        """Indices of records (videos, B): in every column all differ.

        Row k has the videos that follow those of row 0 at a distance of its own, in the order in
        which they first occur in the epoch. So each video occurs in every row as often as in the
        first (less what a smaller last batch leaves out).

        Raises:
            UserError: there are fewer records than a group needs.
        """
        order = _order(self.steps, epoch)
        if len(order) < self.videos:
            what = f"{len(order)} training videos, but a group needs {self.videos} different ones"
            raise UserError(what, mend="raise the pretraining budget")
        rng = np.random.default_rng([self.steps.seed, PARTNERS, epoch])
        offsets = [0, *(1 + rng.permutation(len(order) - 1)[: self.videos - 1])]
        place_of = np.zeros(self.steps.records, np.int64)
        place_of[order] = np.arange(len(order))
        places = place_of[self.steps.rows(epoch, step)]
        return np.stack([order[(places + offset) % len(order)] for offset in offsets])


@lru_cache(maxsize=4)
def _order(steps: Steps, epoch: int) -> NDArray[np.int64]:
    """The videos of an epoch, each once, as they first occur."""
    drawn = np.concatenate([steps.rows(epoch, step) for step in range(len(steps))])
    videos, first = np.unique(drawn, return_index=True)
    return videos[np.argsort(first)]


@dataclass(frozen=True)
class GroupReader:
    """Reads the clips of a step in the order of the groups' rows, each row's clips in turn.

    Args:
        store: where the videos are.
        records: training records.
        clip: the recipe's clip.
        groups: which videos.
        clips: clips read of each video, with starts of their own.
    """

    store: VideoStore
    records: tuple[Record, ...]
    clip: Clip
    groups: Groups
    clips: int

    def __call__(self, number: int) -> list[Frames]:
        """Clips (T, H, W, 3) of step `number`, counted through all epochs."""
        steps = self.groups.steps
        epoch, step = divmod(number, len(steps))
        rng = np.random.default_rng([steps.seed, START, epoch, step])
        rows = np.repeat(self.groups.rows(epoch, step), self.clips, axis=0)
        return [self._clip(self.records[row], rng) for row in rows.flatten()]

    def _clip(self, record: Record, rng: np.random.Generator) -> Frames:
        extent = self.store.extent(record)
        indices = train_indices(self.clip, extent.frames, extent.fps, rng, extent.times)
        return self.store.clip(record, indices.tolist())
