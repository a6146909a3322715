"""Clips of a dataset as a network reads them: training batches and weighted test views."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from severe_bench.config.network_input import Input
from severe_bench.config.recipe import Recipe
from severe_bench.core.record import Record
from severe_bench.data.clips import Times
from severe_bench.data.loading import Prefetcher, ahead
from severe_bench.data.reading import (
    PIXELS,
    RawViews,
    Steps,
    TestReader,
    TimedClip,
    TrainReader,
    as_records,
)
from severe_bench.data.store import VideoStore
from severe_bench.data.transforms import apply, draw, normalise, test_crops
from severe_bench.train.batch import Batch

Feed = Callable[[int], list[TimedClip]]
"""Steps, counted through all epochs, to the decoded clips of their batches."""

TargetsOfClips = Callable[[Sequence[Record], Times], torch.Tensor]
"""Records (B) and what a clip of each covers, (B, 2) seconds, to the clips' targets (B, ...)."""

__all__ = ["ClipBatches", "VideoStore", "Views", "test_clips", "test_views"]


class ClipBatches:
    """Augmented training clips: a `BatchSource`, pure in (seed, epoch, step).

    Every record gives one clip per epoch. The last batch of an epoch may be smaller, see
    `reading.Steps`. `inputs` of its batches is `clips`: (B, 3, T, S, S), normalised.

    Args:
        store: where the videos are.
        records: training records, at least one.
        targets: (len(records), ...), as the task made them; or what makes them, where clips have
            targets of their own.
        recipe: clip, augmentation and batch size.
        statement: the model's input statement.
        seed: of order, clip starts and augmentation.
        device: where batches go.
        feed: reads the clips of a step; by default inline on the CPU, else in loader processes.
    """

    def __init__(
        self,
        store: VideoStore,
        records: Sequence[Record],
        targets: torch.Tensor | TargetsOfClips,
        recipe: Recipe,
        statement: Input,
        *,
        seed: int,
        device: str | torch.device = "cpu",
        feed: Feed | None = None,
    ) -> None:
        if isinstance(targets, torch.Tensor) and len(records) != len(targets):
            raise ValueError(f"{len(records)} records, {len(targets)} targets")
        self._recipe, self._statement, self._device = recipe, statement, torch.device(device)
        self._targets, self._records = targets, as_records(records)
        self._steps = Steps.of(len(records), recipe, seed)
        reader = TrainReader(store, self._records, recipe.clip, self._steps)
        self._feed = feed or _feed(reader, self._device)

    @property
    def steps_per_epoch(self) -> int:
        """Batches in one epoch, at least 1."""
        return len(self._steps)

    def batch(self, epoch: int, step: int) -> Batch:
        """The batch of this 0-based epoch and step, on the device.

        Raises:
            VideoError: a clip cannot be read.
        """
        clips = self._feed(epoch * self.steps_per_epoch + step)
        frames = [clip.frames for clip in clips]
        draws = draw(
            self._recipe.augment,
            [clip.shape[1:3] for clip in frames],
            torch_generator(self._steps.seed, PIXELS, epoch, step),
        )
        pixels = apply(frames, draws, self._recipe.clip.size, self._device)
        targets = self._targets_of(self._steps.rows(epoch, step), clips).to(self._device)
        return Batch({"clips": normalise(pixels, self._statement)}, targets)

    def _targets_of(self, rows: NDArray[np.int64], clips: Sequence[TimedClip]) -> torch.Tensor:
        if isinstance(self._targets, torch.Tensor):
            return self._targets[torch.from_numpy(rows)]
        times = np.stack([clip.times for clip in clips])
        return self._targets([self._records[row] for row in rows], times)


@dataclass(frozen=True)
class Views:
    """Different clips of one video.

    Args:
        clips: (V, 3, T, S, S), normalised, on the device.
        weights: (V,) float32 on the device, summing to 1: how often each clip occurs.
        times: (V, 2) what each clip covers, in seconds of the whole video.
    """

    clips: torch.Tensor
    weights: torch.Tensor
    times: Times


def test_clips(
    store: VideoStore,
    record: Record,
    recipe: Recipe,
    statement: Input,
    device: str | torch.device = "cpu",  # noqa: PT028 - not a test
) -> Views:
    """The test clips of one record, read in this process.

    Raises:
        VideoError: the video cannot be read.
    """
    raw = TestReader(store, (record,), recipe)(0)
    return _views(raw, recipe, statement, torch.device(device))


def test_views(
    store: VideoStore,
    records: Sequence[Record],
    recipe: Recipe,
    statement: Input,
    device: str | torch.device = "cpu",  # noqa: PT028 - not a test
) -> Iterator[Views]:
    """The test clips of each record in turn, read ahead in loader processes off the CPU.

    Raises:
        VideoError: a video cannot be read.
    """
    place = torch.device(device)
    reader = TestReader(store, as_records(records), recipe)
    numbers = range(len(records))
    read = map(reader, numbers) if place.type == "cpu" else ahead(reader, numbers)
    for raw in read:
        yield _views(raw, recipe, statement, place)


def torch_generator(*key: int) -> torch.Generator:
    """A CPU generator that depends on nothing but the key."""
    entropy = (len(key), *key)  # NumPy takes (1, 2) and (1, 2, 0) for the same
    seed = int(np.random.SeedSequence(entropy).generate_state(1, np.uint64)[0])
    return torch.Generator().manual_seed(seed)


def _feed(reader: Feed, device: torch.device) -> Feed:
    return reader if device.type == "cpu" else Prefetcher(reader)


def _views(raw: RawViews, recipe: Recipe, statement: Input, device: torch.device) -> Views:
    """Each frame is resized once, however many clips it is in."""
    size = recipe.clip.size
    crops = test_crops(raw.frames, size, recipe.test, device)
    places = torch.from_numpy(raw.places).to(device)
    clips = torch.cat([frames[:, places].permute(1, 0, 2, 3, 4) for frames in crops])
    weights = torch.from_numpy(raw.weights).to(device).repeat(len(crops)) / len(crops)
    times = np.tile(raw.times, (len(crops), 1))
    return Views(normalise(clips.contiguous(), statement), weights, times)
