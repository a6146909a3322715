"""A task: a head, a loss, how views become one prediction, and metrics. Nothing else."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from severe_bench.core.record import Record
from severe_bench.core.registry import Registry

if TYPE_CHECKING:
    import torch
    from torch import nn


@dataclass(frozen=True)
class Task:
    """What is predicted; light to import, torch only inside the functions.

    Args:
        name: registry name.
        head: (feature width, number of classes) -> module from features (B, D) to outputs (B, ...).
        targets: records -> target tensor (N, ...), checked for range.
        loss: (outputs, targets) -> scalar mean over the batch.
        merge: outputs of all views of one video (V, ...) and weights (V,) summing to 1 -> the
            scores (...) that metrics see.
        metrics: names in `severe_bench.metrics.METRICS`, in table order.
        headline: the one that ranks.
    """

    name: str
    head: "Callable[[int, int], nn.Module]"
    targets: "Callable[[Sequence[Record], int], torch.Tensor]"
    loss: "Callable[[torch.Tensor, torch.Tensor], torch.Tensor]"
    merge: "Callable[[torch.Tensor, torch.Tensor], torch.Tensor]"
    metrics: tuple[str, ...]
    headline: str


TASKS: Registry[Task] = Registry(
    "task",
    {"recognition": "severe_bench.tasks.recognition:RECOGNITION"},
    group="severe_bench.tasks",
)
