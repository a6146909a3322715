"""Training windows: some consecutive snippets of a video, drawn anew, seen through one crop."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from severe_bench.adapt.timeline.placing import targets_of
from severe_bench.adapt.timeline.reading import RawSnippets, SnippetReader
from severe_bench.config.network_input import Input
from severe_bench.config.recipe import Recipe
from severe_bench.core.padding import padded
from severe_bench.data.clips import Times
from severe_bench.data.loading import Prefetcher
from severe_bench.data.reading import PIXELS, START, Steps
from severe_bench.data.sources import torch_generator
from severe_bench.data.transforms import Draws, apply, draw, normalise
from severe_bench.tasks.task import Assignment
from severe_bench.train.batch import Batch


@dataclass(frozen=True)
class Window:
    """Consecutive snippets of a video: how they look, and the times (S, 2) that they stand for."""

    raw: RawSnippets
    times: Times


@dataclass(frozen=True)
class WindowReader:
    """Reads the windows of a training step: one of each of its videos, its first snippet drawn.

    Args:
        reader: of snippets.
        steps: batches of an epoch over its records.
        length: snippets of a window.
    """

    reader: SnippetReader
    steps: Steps
    length: int

    def __call__(self, number: int) -> list[Window]:
        """The windows of step `number`, counted through all epochs."""
        epoch, step = divmod(number, len(self.steps))
        rng = np.random.default_rng([self.steps.seed, START, epoch, step])
        return [self._window(int(row), rng) for row in self.steps.rows(epoch, step)]

    def _window(self, row: int, rng: np.random.Generator) -> Window:
        grid = self.reader.grid(row)
        first = int(rng.integers(max(grid.count - self.length, 0) + 1))
        last = min(first + self.length, grid.count)
        return Window(self.reader.read(row, first, last), grid.times[first:last])


class WindowBatches:
    """Augmented windows: a `BatchSource`, pure in (seed, epoch, step).

    `inputs` of its batches is `clips`: (B, S, 3, T, H, W), normalised, NaN where a video is shorter
    than a window. One augmentation is drawn for each window.

    Args:
        reader: of windows.
        assignment: makes targets.
        recipe: clip size and augmentation.
        statement: the model's input statement.
        device: where batches go.
    """

    def __init__(
        self,
        reader: WindowReader,
        assignment: Assignment,
        recipe: Recipe,
        statement: Input,
        device: str,
    ) -> None:
        self._reader, self._assignment = reader, assignment
        self._recipe, self._statement, self._device = recipe, statement, device
        on_cpu = torch.device(device).type == "cpu"
        self._feed = reader if on_cpu else Prefetcher(reader)

    @property
    def steps_per_epoch(self) -> int:
        """Batches in one epoch, at least 1."""
        return len(self._reader.steps)

    def batch(self, epoch: int, step: int) -> Batch:
        """The batch of this 0-based epoch and step, on the device.

        Raises:
            VideoError: a clip cannot be read.
        """
        steps = self._reader.steps
        windows = self._feed(epoch * len(steps) + step)
        shapes = [window.raw.frames.shape[1:3] for window in windows]
        generator = torch_generator(steps.seed, PIXELS, epoch, step)
        draws = draw(self._recipe.augment, shapes, generator)
        clips = [self._clips(window.raw, draws, n) for n, window in enumerate(windows)]
        records = [self._reader.reader.records[int(row)] for row in steps.rows(epoch, step)]
        times = padded([window.times for window in windows], np.nan, self._reader.length)
        targets = targets_of(self._assignment, records, times)
        return Batch({"clips": _filled_up(clips, self._reader.length)}, targets.to(self._device))

    def _clips(self, raw: RawSnippets, draws: Draws, number: int) -> Tensor:
        """Clips (S, 3, T, size, size) of a window."""
        own = slice(number, number + 1)
        drawn = Draws(draws.boxes[own], draws.flips[own], draws.factors[own], draws.order[own])
        (frames,) = apply([raw.frames], drawn, self._recipe.clip.size, self._device)
        places = torch.from_numpy(raw.places).to(self._device)
        return normalise(frames[:, places].permute(1, 0, 2, 3, 4).contiguous(), self._statement)


def _filled_up(windows: Sequence[Tensor], length: int) -> Tensor:
    """(B, length, ...) of clips (S_i, ...), NaN where there is none."""
    shape = (len(windows), length, *windows[0].shape[1:])
    whole = torch.full(shape, torch.nan, device=windows[0].device)
    for row, clips in zip(whole, windows, strict=True):
        row[: len(clips)] = clips
    return whole
