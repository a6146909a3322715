"""Multi-label recognition: every action of a video (Charades).

As in PySlowFast, whose settings SEVERE uses: a linear head, binary cross entropy of each class, and
the largest probability over the views of a test video. There a training clip has the labels of the
stretch that it covers (`train_labels: clip`), and half of the features are dropped before the head
(the recipe's `head.dropout`); a test video has all of its labels.
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal

from severe_bench.core.errors import UserError
from severe_bench.core.extras import LABELS, SPANS
from severe_bench.core.frozen import Frozen
from severe_bench.core.record import Dataset, Record
from severe_bench.tasks import recognition
from severe_bench.tasks.task import Assignment, Task, class_names

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray


class MultiLabelOptions(Frozen):
    """What the sources of this task differ in.

    Args:
        merge: over a test video's views, of each class's probability.
        train_labels: `video`: a training clip has all labels of its video; `clip`: those whose
            time it touches, for datasets that state times.
    """

    merge: Literal["max", "mean"] = "max"
    train_labels: Literal["video", "clip"] = "video"


def bind(options: MultiLabelOptions, dataset: Dataset) -> Assignment:
    """A sigmoid for each of the dataset's classes; targets (N, classes) of 0 and 1."""
    classes = len(dataset.classes)
    of_clips = partial(_clip_targets, classes=classes)
    return Assignment(
        head=partial(recognition.linear_head, classes=classes),
        targets=partial(_targets, classes=classes),
        loss=_loss,
        merge=_largest if options.merge == "max" else _mean,
        clip_targets=of_clips if options.train_labels == "clip" else None,
    )


def _targets(records: Sequence[Record], classes: int) -> "torch.Tensor":
    """Multi-hot (N, classes) uint8 of all labels of each video."""
    return _multi_hot(records, [LABELS.of(record) for record in records], classes)


def _clip_targets(
    records: Sequence[Record], times: "NDArray[np.float64]", classes: int
) -> "torch.Tensor":
    """Multi-hot (B, classes) uint8 of the actions that go on at some moment of each clip."""
    ids = [
        [span.label for span in SPANS.of(record) if span.start <= last and span.end >= first]
        for record, (first, last) in zip(records, times, strict=True)
    ]
    return _multi_hot(records, ids, classes)


def _multi_hot(
    records: Sequence[Record], ids: Sequence[Sequence[int]], classes: int
) -> "torch.Tensor":
    import torch

    found = torch.zeros(len(records), classes, dtype=torch.uint8)
    for row, record, labels in zip(found, records, ids, strict=True):
        for label in labels:
            if not 0 <= label < classes:
                what = f"class id {label} is outside 0 to {classes - 1}"
                raise UserError(what, record.sample, "mend the annotation or the list of classes")
            row[label] = 1
    return found


def _loss(logits: "torch.Tensor", targets: "torch.Tensor") -> "torch.Tensor":
    """Binary cross entropy, mean over batch and classes."""
    from torch.nn import functional as F

    return F.binary_cross_entropy_with_logits(logits, targets.to(logits.dtype))


def _largest(logits: "torch.Tensor", weights: "torch.Tensor") -> "torch.Tensor":
    """Largest sigmoid of the views that count: (V, classes) and (V,) to (classes,)."""
    return logits[weights > 0].sigmoid().amax(dim=0)


def _mean(logits: "torch.Tensor", weights: "torch.Tensor") -> "torch.Tensor":
    """Weighted mean of the views' sigmoids: (V, classes) and (V,) to (classes,)."""
    return weights @ logits.sigmoid()


def _ballots(targets: "torch.Tensor") -> "torch.Tensor":
    """A vote for each label; the shares of all classes may then add up to more than 1."""
    return targets.float()


def _needs(options: MultiLabelOptions) -> tuple[str, ...]:
    return (LABELS.name, SPANS.name) if options.train_labels == "clip" else (LABELS.name,)


MULTI_LABEL = Task(
    name="multi_label",
    options=MultiLabelOptions,
    bind=bind,
    metrics=("map", "map_sklearn"),
    headline="map",
    needs=_needs,
    names=class_names,
    ballots=lambda *_: _ballots,
)
