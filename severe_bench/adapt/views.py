"""Views of whole splits, in blocks that a network takes at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
import torch

from severe_bench.config.recipe import Recipe
from severe_bench.core.record import Record
from severe_bench.data.clips import train_indices
from severe_bench.data.loading import ahead
from severe_bench.data.reading import PIXELS, START, TimedClip, timed_clip
from severe_bench.data.sources import Views, torch_generator
from severe_bench.data.store import VideoStore
from severe_bench.data.transforms import apply, draw, normalise
from severe_bench.plan.job import Input


def blocks_of(views: Iterator[Views], recipe: Recipe, per_video: int) -> Iterator[list[Views]]:
    """Consecutive videos in blocks of about one training batch of clips.

    Args:
        views: of each video in turn.
        recipe: its batch size is read.
        per_video: largest number of views of one video.
    """
    videos = max(1, recipe.batch_size // per_video)
    while block := list(islice(views, videos)):
        yield block


@dataclass(frozen=True)
class TrainViewReader:
    """Reads the augmented views of a training video, their clip starts drawn.

    Draws depend on the seed and the video's number only, so that they are the same whatever was
    read before, and in which process.

    Args:
        store: where the videos are.
        records: all training records; the video's number is its place here.
        recipe: clip and number of views.
        seed: of the draws.
    """

    store: VideoStore
    records: tuple[Record, ...]
    recipe: Recipe
    seed: int

    def __call__(self, number: int) -> list[TimedClip]:
        """`feature_views` clips of video `number`."""
        record = self.records[number]
        extent = self.store.extent(record)
        rng = np.random.default_rng([self.seed, START, number])
        drawn = (
            train_indices(self.recipe.clip, extent.frames, extent.fps, rng, extent.times)
            for _ in range(self.recipe.feature_views)
        )
        return [timed_clip(self.store, record, indices) for indices in drawn]


def train_views(
    reader: TrainViewReader, numbers: Sequence[int], statement: Input, device: str
) -> Iterator[Views]:
    """The augmented views of videos by number, equally weighted; read ahead off the CPU.

    Raises:
        VideoError: a video cannot be read.
    """
    on_cpu = torch.device(device).type == "cpu"
    read = map(reader, numbers) if on_cpu else ahead(reader, numbers)
    augment, size = reader.recipe.augment, reader.recipe.clip.size
    for number, clips in zip(numbers, read, strict=True):
        generator = torch_generator(reader.seed, PIXELS, number)
        frames = [clip.frames for clip in clips]
        draws = draw(augment, [clip.shape[1:3] for clip in frames], generator)
        pixels = normalise(apply(frames, draws, size, device), statement)
        weights = torch.full((len(clips),), 1 / len(clips), device=device)
        yield Views(pixels, weights, np.stack([clip.times for clip in clips]))
