"""Recognition: one class of each video."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from severe_bench.core.errors import UserError
from severe_bench.core.record import Dataset, Record
from severe_bench.tasks.task import (
    Assignment,
    Ballots,
    NoOptions,
    Task,
    class_names,
    labelled,
    one_each,
)

if TYPE_CHECKING:
    import torch
    from torch import nn


def bind(_: NoOptions, dataset: Dataset) -> Assignment:
    """The dataset's classes."""
    classes = len(dataset.classes)
    return of_classes(classes, partial(class_targets, classes=classes))


def of_classes(classes: int, targets: "Callable[[Sequence[Record]], torch.Tensor]") -> Assignment:
    """Softmax over some classes, cross entropy, mean of the views' probabilities.

    Args:
        classes: how many.
        targets: records -> class ids (N,) int64.
    """
    return Assignment(
        head=partial(linear_head, classes=classes),
        targets=targets,
        loss=_loss,
        merge=_merge,
    )


def linear_head(width: int, classes: int) -> "nn.Module":
    """Features (B, width) to logits (B, classes), torch's default initialisation."""
    from torch import nn

    return nn.Linear(width, classes)


def class_targets(records: Sequence[Record], classes: int) -> "torch.Tensor":
    """Class ids (N,) int64.

    Raises:
        UserError: a record without a class, or with one outside the list.
    """
    import torch

    return torch.tensor([_class_id(record, classes) for record in records], dtype=torch.int64)


def _class_id(record: Record, classes: int) -> int:
    if record.label is None:
        mend = "use a task for this dataset's kind of target"
        raise UserError("the task needs a class, and this sample has none", record.sample, mend)
    if not 0 <= record.label < classes:
        what = f"class id {record.label} is outside 0 to {classes - 1}"
        raise UserError(what, record.sample, "mend the annotation or the list of classes")
    return record.label


def one_hot(targets: "torch.Tensor", classes: int) -> "torch.Tensor":
    """Class ids (N,) to one vote each: (N, classes) float32."""
    from torch.nn import functional as F

    return F.one_hot(targets, classes).float()


def _ballots(_: NoOptions, dataset: Dataset) -> Ballots:
    return partial(one_hot, classes=len(dataset.classes))


def _loss(logits: "torch.Tensor", targets: "torch.Tensor") -> "torch.Tensor":
    """Cross entropy, mean over the batch."""
    from torch.nn import functional as F

    return F.cross_entropy(logits, targets)


def _merge(logits: "torch.Tensor", weights: "torch.Tensor") -> "torch.Tensor":
    """Weighted mean of the views' softmax: (V, classes) and (V,) to (classes,) summing to 1."""
    return weights @ logits.softmax(dim=-1)


RECOGNITION = Task(
    name="recognition",
    options=NoOptions,
    bind=bind,
    metrics=("top1", "top5", "mean_per_class"),
    headline="top1",
    needs=labelled,
    outputs=one_each,
    names=class_names,
    ballots=_ballots,
)
