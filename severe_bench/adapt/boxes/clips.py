"""Key frames as a network reads them: augmented training batches, and whole frames."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from severe_bench.adapt.boxes.asked import asked
from severe_bench.adapt.boxes.network import padded
from severe_bench.config.network_input import Input
from severe_bench.config.recipe import Recipe
from severe_bench.core.errors import UserError
from severe_bench.core.record import Record
from severe_bench.data.box_transforms import boxes_after, short_side_shape, whole_frames
from severe_bench.data.key_clips import KeyBatchReader, KeyReader
from severe_bench.data.loading import Prefetcher, ahead
from severe_bench.data.reading import PIXELS, Steps
from severe_bench.data.sources import torch_generator
from severe_bench.data.store import VideoStore
from severe_bench.data.transforms import apply, draw, normalise
from severe_bench.models.backbone import BACKBONES
from severe_bench.tasks.task import Assignment
from severe_bench.train.batch import Batch


class BoxBatches:
    """Augmented clips around key frames: a `BatchSource`, pure in (seed, epoch, step).

    Every key frame gives one clip per epoch, with the crop, flip and colour that the recipe draws.
    `inputs` of its batches are `clips` (B, 3, T, S, S), normalised, and `boxes` (B, K, 4) in
    fractions of the crop; boxes outside the crop are NaN there and in the targets.

    Args:
        store: where the videos are.
        records: training frames, at least one, as the unit `box` gives them.
        assignment: makes targets.
        recipe: clip, augmentation and batch size.
        statement: the model's input statement.
        seed: of order and augmentation.
        device: where batches go.
    """

    def __init__(
        self,
        store: VideoStore,
        records: tuple[Record, ...],
        assignment: Assignment,
        recipe: Recipe,
        statement: Input,
        *,
        seed: int,
        device: str,
    ) -> None:
        self._records, self._assignment = records, assignment
        self._recipe, self._statement = recipe, statement
        self._device = torch.device(device)
        self._steps = Steps.of(len(records), recipe, seed)
        reader = KeyBatchReader(KeyReader(store, records, recipe.clip), self._steps)
        self._feed = reader if self._device.type == "cpu" else Prefetcher(reader)

    @property
    def steps_per_epoch(self) -> int:
        """Batches in one epoch, at least 1."""
        return len(self._steps)

    def batch(self, epoch: int, step: int) -> Batch:
        """The batch of this 0-based epoch and step, on the device.

        Raises:
            VideoError: a clip cannot be read.
        """
        records = [self._records[row] for row in self._steps.rows(epoch, step)]
        clips = self._feed(epoch * self.steps_per_epoch + step)
        shapes = [clip.shape[1:3] for clip in clips]
        generator = torch_generator(self._steps.seed, PIXELS, epoch, step)
        draws = draw(self._recipe.augment, shapes, generator)
        pixels = apply(clips, draws, self._recipe.clip.size, self._device)
        targets = self._assignment.targets(records)
        boxes = padded([asked(record) for record in records], targets.shape[1])
        for number, (row, crop, shape) in enumerate(zip(boxes, draws.boxes, shapes, strict=True)):
            boxes[number] = boxes_after(row, crop, shape, bool(draws.flips[number]))
        targets[boxes[..., 0].isnan()] = torch.nan
        inputs = {"clips": normalise(pixels, self._statement), "boxes": boxes.to(self._device)}
        return Batch(inputs, targets.to(self._device))


@dataclass(frozen=True)
class WholeFrames:
    """How whole key frames are read.

    Args:
        store: where the videos are.
        recipe: its clip.
        statement: the model's input statement.
        frame: `whole` keeps the aspect, `square` squeezes frames into squares.
        device: where clips go.
    """

    store: VideoStore
    recipe: Recipe
    statement: Input
    frame: Literal["whole", "square"]
    device: str

    def clips(self, records: tuple[Record, ...]) -> Iterator[Tensor]:
        """The clip (3, T, H, W) around each record's key frame, its short side as the recipe's.

        Raises:
            VideoError: a video cannot be read.
        """
        reader, numbers = KeyReader(self.store, records, self.recipe.test_clip), range(len(records))
        on_cpu = torch.device(self.device).type == "cpu"
        side = self.recipe.clip.size
        for clip in map(reader, numbers) if on_cpu else ahead(reader, numbers):
            height, width = clip.shape[1:3]
            shape = (
                (side, side) if self.frame == "square" else short_side_shape(height, width, side)
            )
            yield normalise(whole_frames(clip, shape, self.device)[None], self.statement)[0]


def require_readable(backbone: str, frame: Literal["whole", "square"]) -> None:
    """Refuse whole frames for a backbone that reads squares of one size only.

    Raises:
        UserError: naming the option.
    """
    size = BACKBONES.get(backbone).size
    if frame == "whole" and size is not None:
        what = f"{backbone} reads squares of {size} pixels, not whole frames"
        raise UserError(what, "frame", "set task_options.frame: square")


def by_shape(clips: list[Tensor]) -> list[list[int]]:
    """Numbers of the clips, those of equal shape together, in order of first occurrence."""
    groups: dict[torch.Size, list[int]] = {}
    for number, clip in enumerate(clips):
        groups.setdefault(clip.shape, []).append(number)
    return list(groups.values())
