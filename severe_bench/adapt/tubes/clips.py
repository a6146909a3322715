"""Clips that end in key frames: drawn for training, one after another for testing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from severe_bench.config.network_input import Input
from severe_bench.config.recipe import Clip, Recipe
from severe_bench.core.errors import UserError
from severe_bench.core.extras import TUBES
from severe_bench.core.record import Record
from severe_bench.data.annotated import SPARE, last_tube_frame
from severe_bench.data.box_transforms import boxes_after, whole_frames
from severe_bench.data.clips import Indices
from severe_bench.data.key_clips import clip_at
from severe_bench.data.loading import Prefetcher, ahead
from severe_bench.data.reading import PIXELS, START, Steps
from severe_bench.data.sources import torch_generator
from severe_bench.data.store import Extent, VideoStore
from severe_bench.data.transforms import apply, draw, normalise
from severe_bench.data.video import Frames
from severe_bench.tasks.tube_detection import key_targets
from severe_bench.train.batch import Batch

BOX = 4


Key = tuple[int, int]
"""Number of a video, and of a frame in it."""


class Keys(Protocol):
    """Which key frames a training step is about."""

    @property
    def steps(self) -> Steps:
        """Batches of an epoch."""
        ...

    def at(self, epoch: int, step: int) -> list[Key]:
        """The key frames of a step."""
        ...


@dataclass(frozen=True)
class AllKeys:
    """Every annotated frame of every video, once per epoch.

    Args:
        keys: all of them.
        steps: batches of an epoch over the key frames.
    """

    keys: tuple[Key, ...]
    steps: Steps

    def at(self, epoch: int, step: int) -> list[Key]:
        """The key frames of a step."""
        return [self.keys[row] for row in self.steps.rows(epoch, step)]


@dataclass(frozen=True)
class DrawnKeys:
    """Annotated frames of the videos, drawn anew for every clip.

    Args:
        annotated: of each video, its frames with a box, at least one.
        steps: batches of an epoch over the videos.
    """

    annotated: tuple[tuple[int, ...], ...]
    steps: Steps

    def at(self, epoch: int, step: int) -> list[Key]:
        """The key frames of a step."""
        rng = np.random.default_rng([self.steps.seed, START, epoch, step])
        videos = self.steps.rows(epoch, step).tolist()
        return [(v, self.annotated[v][rng.integers(len(self.annotated[v]))]) for v in videos]


def key_frames(
    records: Sequence[Record], which: Literal["all", "drawn"], recipe: Recipe, seed: int
) -> Keys:
    """The key frames of training videos.

    Raises:
        UserError: a video has none, or is a part of a longer one.
    """
    annotated = tuple(_annotated(record) for record in records)
    if which == "drawn":
        return DrawnKeys(annotated, Steps.of(len(annotated), recipe, seed))
    keys = tuple((video, frame) for video, frames in enumerate(annotated) for frame in frames)
    return AllKeys(keys, Steps.of(len(keys), recipe, seed))


def require_whole(records: Sequence[Record]) -> None:
    """Refuse records whose tubes are numbered in another video than the one that is read.

    Raises:
        UserError: one is a part of a longer video.
    """
    for record in records:
        if record.start is not None or record.end is not None:
            what = "its tubes are in frames of a whole video, and it is a part of one"
            raise UserError(what, record.sample, "list the whole video")


def _annotated(record: Record) -> tuple[int, ...]:
    require_whole([record])
    frames = sorted({frame for tube in TUBES.of(record) for frame in tube.frames})
    if not frames:
        mend = "leave it out of the training list"
        raise UserError("no frame of this training video has a box", record.sample, mend)
    return tuple(frames)


def _extent(store: VideoStore, record: Record) -> Extent:
    """The whole video.

    Raises:
        UserError: it is shorter than its tubes.
    """
    extent, last = store.extent(record), last_tube_frame(record)
    if last >= extent.frames + SPARE:
        what = f"it has {extent.frames} frames, and a box in frame {last}"
        mend = "check the annotation, or replace the video"
        raise UserError(what, str(store.root / record.path), mend)
    return extent


@dataclass(frozen=True)
class TrainReader:
    """Reads the clips of a training step, each ending in its key frame.

    Args:
        store: where the videos are.
        records: training videos.
        clip: the recipe's clip.
        keys: of the steps.
    """

    store: VideoStore
    records: tuple[Record, ...]
    clip: Clip
    keys: Keys

    def __call__(self, number: int) -> list[Frames]:
        """Clips (T, H, W, 3) of step `number`, counted through all epochs."""
        keys = self.keys.at(*divmod(number, len(self.keys.steps)))
        return [self._clip(self.records[video], frame) for video, frame in keys]

    def _clip(self, record: Record, frame: int) -> Frames:
        indices = clip_at(self.clip, _extent(self.store, record), frame, "ending")
        return self.store.clip(record, indices.tolist())


class TubeBatches:
    """Augmented clips with the boxes of their last frames: a `BatchSource`.

    Pure in (seed, epoch, step). Crops, flips and colour are drawn as for recognition, and boxes go
    through them. Targets are (B, K, 5): x1, y1, x2, y2 in fractions of the crop and class id, NaN
    where there is no box (any more).

    Args:
        reader: of the clips.
        recipe: clip size and augmentation.
        statement: the model's input statement.
        device: where batches go.
    """

    def __init__(self, reader: TrainReader, recipe: Recipe, statement: Input, device: str) -> None:
        self._reader, self._recipe, self._statement = reader, recipe, statement
        self._device = torch.device(device)
        self._feed = reader if self._device.type == "cpu" else Prefetcher(reader)

    @property
    def steps_per_epoch(self) -> int:
        """Batches in one epoch, at least 1."""
        return len(self._reader.keys.steps)

    def batch(self, epoch: int, step: int) -> Batch:
        """The batch of this 0-based epoch and step, on the device.

        Raises:
            VideoError: a clip cannot be read.
        """
        keys = self._reader.keys
        clips = self._feed(epoch * len(keys.steps) + step)
        shapes = [clip.shape[1:3] for clip in clips]
        generator = torch_generator(keys.steps.seed, PIXELS, epoch, step)
        draws = draw(self._recipe.augment, shapes, generator)
        pixels = apply(clips, draws, self._recipe.clip.size, self._device)
        targets = []
        for number, (video, frame) in enumerate(keys.at(epoch, step)):
            found = key_targets(self._reader.records[video], frame)
            crop, flip = draws.boxes[number], bool(draws.flips[number])
            found[:, :BOX] = boxes_after(found[:, :BOX], crop, shapes[number], flip)
            targets.append(found)
        inputs = {"clips": normalise(pixels, self._statement)}
        padded = pad_sequence(targets, batch_first=True, padding_value=torch.nan)
        return Batch(inputs, padded.to(self._device))


@dataclass(frozen=True)
class RawClips:
    """The clips of a test video, each frame once.

    Args:
        frames: (U, H, W, 3) uint8: the frames that occur in any clip.
        places: (P, T) indices into them.
        keys: (P,) the key frames, ascending.
        length: of the video in frames.
    """

    frames: Frames
    places: Indices
    keys: Indices
    length: int


@dataclass(frozen=True)
class TestReader:
    """Reads the clips of a test video that end in every n-th frame and in the last.

    Args:
        store: where the videos are.
        records: test videos.
        clip: the recipe's clip.
        every: n.
    """

    __test__ = False

    store: VideoStore
    records: tuple[Record, ...]
    clip: Clip
    every: int

    def __call__(self, number: int) -> RawClips:
        """The clips of video `number`."""
        record = self.records[number]
        extent = _extent(self.store, record)
        last = extent.frames - 1
        keys = np.unique([*range(0, extent.frames, self.every), last]).astype(np.int64)
        indices = np.stack([clip_at(self.clip, extent, int(key), "ending") for key in keys])
        used, places = np.unique(indices, return_inverse=True)
        frames = self.store.clip(record, used.tolist())
        return RawClips(frames, places.reshape(indices.shape), keys, extent.frames)


@dataclass(frozen=True)
class LengthReader:
    """Reads how many frames each video has."""

    store: VideoStore
    records: tuple[Record, ...]

    def __call__(self, number: int) -> int:
        """Frames of video `number`.

        Raises:
            UserError: it is shorter than its tubes.
        """
        return _extent(self.store, self.records[number]).frames


def longest(store: VideoStore, records: tuple[Record, ...], device: str) -> int:
    """Frames of the longest of the videos."""
    reader, numbers = LengthReader(store, records), range(len(records))
    return max(map(reader, numbers) if _on_cpu(device) else ahead(reader, numbers))


def video_clips(
    reader: TestReader,
    first: int,
    device: str,
) -> Iterator[RawClips]:
    """The clips of each test video from number `first` on, read ahead off the CPU.

    Raises:
        VideoError: a video cannot be read.
    """
    numbers = range(first, len(reader.records))
    yield from map(reader, numbers) if _on_cpu(device) else ahead(reader, numbers)


def batches_of(
    raw: RawClips, size: int, statement: Input, batch: int, device: str
) -> Iterator[Tensor]:
    """A video's clips (B, 3, T, S, S), normalised, whole frames squeezed into squares of `size`."""
    frames = whole_frames(raw.frames, (size, size), device)
    for places in torch.split(torch.from_numpy(raw.places).to(device), batch):
        yield normalise(frames[:, places].permute(1, 0, 2, 3, 4).contiguous(), statement)


def _on_cpu(device: str) -> bool:
    return torch.device(device).type == "cpu"
