"""Batches of sub-clips, each held for the steps of its rollout."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch.nn.utils.rnn import pad_sequence

from severe_bench.adapt.counting.pixels import PartReader, Rows
from severe_bench.adapt.counting.rollout import DRAWS
from severe_bench.adapt.counting.subclips import Subclip
from severe_bench.core.record import Record
from severe_bench.data.loading import Prefetcher
from severe_bench.data.reading import PIXELS, Steps
from severe_bench.data.repetitions import UNKNOWN
from severe_bench.train.batch import Batch

ROLLOUT = 5
"""Stream of random numbers for the course of rollouts, beside those of `data.reading`."""


@dataclass(frozen=True)
class SubclipReader:
    """Reads sub-clips one by one, in the order of training; fit for loader processes.

    Args:
        read: of parts.
        records: training records.
        subclips: of them.
        steps: batches of an epoch over the sub-clips.
        flip: probability that a sub-clip is mirrored.
    """

    read: PartReader
    records: tuple[Record, ...]
    subclips: tuple[Subclip, ...]
    steps: Steps
    flip: float

    @property
    def per_epoch(self) -> int:
        """Sub-clips in the batches of an epoch, without a last batch that is left out."""
        steps = self.steps
        return min(len(steps) * steps.batch_size, steps.records * steps.clips_per_video)

    def __call__(self, number: int) -> Rows:
        """Sub-clip `number`, counted through all epochs."""
        epoch, place = divmod(number, self.per_epoch)
        step, row = divmod(place, self.steps.batch_size)
        subclip = self.subclips[self.steps.rows(epoch, step)[row]]
        rng = np.random.default_rng([self.steps.seed, PIXELS, epoch, place])
        mirrored = bool(rng.random() < self.flip)
        record = self.records[subclip.video]
        return self.read(record, subclip.first, subclip.frames, mirrored=mirrored)


class RolloutBatches:
    """Sub-clips and the draws of their rollouts: a `BatchSource`, pure in (seed, epoch, step).

    A batch of sub-clips is handed out for `rollout` steps in a row. `inputs` of each: `rows`
    (B, T, 3 * S * S) uint8 and `offsets` (B, T, 2), both padded to the longest sub-clip; `frames`
    and `counts` (B,); `row` (B,), the place in the batch; `position` (B,), the step of the rollout;
    `draws` (B, DRAWS) float64 in [0, 1). `targets` are the counts.

    Args:
        reader: of the sub-clips.
        rollout: steps on each batch.
        device: where batches go; off the CPU, sub-clips are read ahead in loader processes.
    """

    def __init__(self, reader: SubclipReader, rollout: int, device: str) -> None:
        self._reader, self._rollout, self._device = reader, rollout, device
        on_cpu = torch.device(device).type == "cpu"
        self._read: Callable[[int], Rows] = reader if on_cpu else Prefetcher(reader)
        self._held: tuple[tuple[int, int], dict[str, torch.Tensor]] | None = None

    @property
    def steps_per_epoch(self) -> int:
        """Steps of all rollouts in one epoch, at least 1."""
        return len(self._reader.steps) * self._rollout

    def batch(self, epoch: int, step: int) -> Batch:
        """The batch of this 0-based epoch and step, on the device.

        Raises:
            VideoError: a sub-clip cannot be read.
        """
        group, position = divmod(step, self._rollout)
        inputs = dict(self._clips(epoch, group))
        count = len(inputs["row"])
        rng = np.random.default_rng([self._reader.steps.seed, ROLLOUT, epoch, step])
        inputs["draws"] = torch.from_numpy(rng.random((count, DRAWS)))
        inputs["position"] = torch.full((count,), position)
        return Batch(inputs, inputs["counts"])

    def _clips(self, epoch: int, group: int) -> dict[str, torch.Tensor]:
        """What the steps of a rollout share, read once."""
        if self._held is None or self._held[0] != (epoch, group):
            self._held = None  # frees the old batch before the new one is there
            self._held = ((epoch, group), self._load(epoch, group))
        return self._held[1]

    def _load(self, epoch: int, group: int) -> dict[str, torch.Tensor]:
        steps = self._reader.steps
        chosen = [self._reader.subclips[row] for row in steps.rows(epoch, group)]
        first = epoch * self._reader.per_epoch + group * steps.batch_size
        rows = [torch.from_numpy(self._read(first + place)) for place in range(len(chosen))]
        return {
            "rows": pad_sequence(rows, batch_first=True).to(self._device),
            "offsets": _padded_offsets(chosen),
            "frames": torch.tensor([subclip.frames for subclip in chosen]),
            "counts": torch.tensor([subclip.count for subclip in chosen]),
            "row": torch.arange(len(chosen)),
        }


def _padded_offsets(subclips: Sequence[Subclip]) -> torch.Tensor:
    tables = [torch.from_numpy(subclip.offsets) for subclip in subclips]
    return pad_sequence(tables, batch_first=True, padding_value=UNKNOWN)
