"""Clips of test videos at random times, as SEVERE's code looks at them while it trains."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch

from severe_bench.config.network_input import Input
from severe_bench.config.recipe import Recipe
from severe_bench.core.record import Record
from severe_bench.data.clips import train_indices
from severe_bench.data.loading import ahead
from severe_bench.data.reading import TimedClip, timed_clip
from severe_bench.data.store import VideoStore
from severe_bench.data.transforms import normalise, test_crops

LOOK = 4
"""Stream of random numbers for these times, beside those of `data.reading` and `probing`."""


@dataclass(frozen=True)
class LookReader:
    """Reads clips of a test video at times that follow from seed, epoch and the video's number.

    Args:
        store: where the videos are.
        records: test records.
        recipe: its clip, and the number of clips of a look.
        seed: of the times.
        epoch: of the look.
    """

    store: VideoStore
    records: tuple[Record, ...]
    recipe: Recipe
    seed: int
    epoch: int

    def __call__(self, number: int) -> list[TimedClip]:
        """The clips of video `number`."""
        record = self.records[number]
        extent = self.store.extent(record)
        rng = np.random.default_rng([self.seed, LOOK, self.epoch, number])
        drawn = (
            train_indices(self.recipe.clip, extent.frames, extent.fps, rng, extent.times)
            for _ in range(self.recipe.selection.clips)
        )
        return [timed_clip(self.store, record, indices) for indices in drawn]


def look_clips(
    reader: LookReader, statement: Input, device: str | torch.device
) -> Iterator[torch.Tensor]:
    """The clips (V, 3, T, S, S) of each test video in turn, normalised; the test's centre crop.

    Raises:
        VideoError: a video cannot be read.
    """
    place = torch.device(device)
    recipe, numbers = reader.recipe, range(len(reader.records))
    centre = recipe.test.model_copy(update={"crops": 1})
    read = map(reader, numbers) if place.type == "cpu" else ahead(reader, numbers)
    for clips in read:
        crops = [test_crops(clip.frames, recipe.clip.size, centre, place)[0] for clip in clips]
        yield normalise(torch.stack(crops), statement)
