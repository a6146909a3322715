"""What the loop trains where a backbone and a head meet in a way of their own."""

from collections.abc import Iterable
from typing import Literal

from torch import Tensor, nn

from severe_bench.tasks.task import Assignment
from severe_bench.train.batch import Batch

Mode = Literal["trains", "frozen", "drifts"]
"""Of the backbone; `drifts`: only the statistics of its batch normalisation change."""


class TwoPartObjective:
    """A task's loss of such a network.

    Args:
        network: called with `reads`.
        backbone: the part of it that takes no gradient unless it trains.
        assignment: gives the loss.
        mode: of the backbone.
        reads: names of those inputs of a batch that the network takes, in order.
    """

    def __init__(
        self,
        network: nn.Module,
        backbone: nn.Module,
        assignment: Assignment,
        mode: Mode,
        reads: tuple[str, ...] = ("clips",),
    ) -> None:
        self._network, self._backbone, self._assignment = network, backbone, assignment
        self._mode, self._reads = mode, reads
        backbone.requires_grad_(mode == "trains")

    @property
    def module(self) -> nn.Module:
        """The whole network."""
        return self._network

    def parameters(self) -> Iterable[nn.Parameter]:
        """Those that train."""
        return (part for part in self._network.parameters() if part.requires_grad)

    def begin_epoch(self, epoch: int) -> None:  # noqa: ARG002 - every epoch is alike
        """Train mode of whatever may change."""
        self._network.train()
        self._backbone.train(self._mode != "frozen")

    def loss(self, batch: Batch) -> Tensor:
        """The task's loss of the batch."""
        outputs = self._network(*(batch.inputs[name] for name in self._reads))
        return self._assignment.loss(outputs, batch.targets)

    def after_step(self) -> None:
        """Nothing."""
