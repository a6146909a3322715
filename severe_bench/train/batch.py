"""A batch and where batches come from."""

from dataclasses import dataclass
from typing import Protocol

import torch


@dataclass(frozen=True)
class Batch:
    """One optimiser step's worth of samples.

    Args:
        inputs: by name, each with the batch as first dimension: `clips` (B, 3, T, H, W) float and
            normalised, or `features` (B, D); pretraining adds `keys` and the like.
        targets: what the task made of the records, e.g. (B,) int64 class ids.
    """

    inputs: dict[str, torch.Tensor]
    targets: torch.Tensor

    def __len__(self) -> int:
        """Number of samples."""
        return len(self.targets)

    def split(self, size: int) -> list["Batch"]:
        """Consecutive micro-batches of at most `size` samples."""
        return [self._part(slice(i, i + size)) for i in range(0, len(self), size)]

    def _part(self, part: slice) -> "Batch":
        inputs = {name: tensor[part] for name, tensor in self.inputs.items()}
        return Batch(inputs, self.targets[part])


class BatchSource(Protocol):
    """Batches as a pure function of (epoch, step), so that resuming needs no replay.

    All draws (order, clip starts, crops, jitter) come from generators seeded by the source's own
    seed, the epoch and the step; never from global state.
    """

    @property
    def steps_per_epoch(self) -> int:
        """Optimiser steps in one epoch; at least 1."""
        ...

    def batch(self, epoch: int, step: int) -> Batch:
        """The batch of this 0-based epoch and step, on the device."""
        ...
