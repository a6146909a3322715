"""What a training run minimises: the seam between the one loop and every task and method."""

from collections.abc import Iterable
from typing import Protocol

import torch
from torch import nn

from severe_bench.train.batch import Batch


class Objective(Protocol):
    """A network with a loss.

    `module` holds everything that training changes (network, head, key encoder, queue as
    buffers): the loop moves it to the device, checkpoints its state dict and restores it.
    The objective sets its own train and eval modes in `begin_epoch`.
    """

    @property
    def module(self) -> nn.Module:
        """Everything to be checkpointed."""
        ...

    def parameters(self) -> Iterable[nn.Parameter]:
        """The parameters that the optimiser updates."""
        ...

    def begin_epoch(self, epoch: int) -> None:
        """Set train and eval modes; called at each epoch's start and after a resume."""
        ...

    def loss(self, batch: Batch) -> torch.Tensor | None:
        """Mean loss over the micro-batch, a scalar with gradient.

        None: there is nothing to learn from it. A step without any loss leaves parameters and
        optimiser as they are, and `after_step` is not called.
        """
        ...

    def after_step(self) -> None:
        """Called after each optimiser step: momentum encoders, queues."""
        ...
