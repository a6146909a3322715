"""Segmentation: what happens at every moment of a long video?

A plain temporal convolution (`TemporalHead`) over the vectors of its snippets gives each snippet
one of the classes or background, by cross entropy. Every moment has the class of the snippet in
whose stretch it lies.
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from severe_bench.core.extras import DURATION, SPANS
from severe_bench.core.padding import padded
from severe_bench.core.record import Dataset, Record
from severe_bench.tasks.task import Assignment, Task
from severe_bench.tasks.timeline import (
    Annotation,
    Floats,
    TimelineOptions,
    middles,
    stretch,
)

if TYPE_CHECKING:
    import torch

NOT_THERE = -1


class SegmentationOptions(TimelineOptions):
    """Of segmentation, beside those of every task on timelines.

    Args:
        rate: moments a second at which prediction and truth are compared, in the middle of equal
            parts of the annotated duration.
    """

    rate: Annotated[float, Field(gt=0)] = 15.0


def bind(options: SegmentationOptions, dataset: Dataset) -> Assignment:
    """Outputs (B, V, 1 + classes) of snippets: logits of background and of each class.

    Targets (N, T) and scores are ids at the moments of `rate`, as `metrics.segments` has them; what
    is trained on are ids (B, V) in the middle of snippets, -1 where there is none. `merge` gives
    the probabilities (V, 1 + classes) of a video's snippets; weights have no say.
    """
    annotation = Annotation.of(options, dataset)
    return Assignment(
        head=options.head(1 + annotation.classes),
        targets=partial(_targets, annotation=annotation, rate=options.rate),
        loss=_loss,
        merge=_merge,
        clip_targets=partial(_of_snippets, annotation=annotation),
        placed=partial(_placed, rate=options.rate),
    )


def moments(record: Record, rate: float) -> Floats:
    """(T,) seconds of the whole video at which a record is looked at, at least one.

    Example:
        >>> from severe_bench.core.extras import DURATION
        >>> moments(Record("v", "v.avi", None, "test", extras=DURATION.set(1.0)), 4.0).tolist()
        [0.125, 0.375, 0.625, 0.875]
    """
    begins, ends = stretch(record)
    count = max(1, round((ends - begins) * rate))
    return np.asarray(begins + (np.arange(count) + 0.5) * (ends - begins) / count)


def _targets(records: Sequence[Record], annotation: Annotation, rate: float) -> "torch.Tensor":
    import torch

    rows = [annotation.ids_at(record, moments(record, rate)) for record in records]
    return torch.from_numpy(padded(rows, NOT_THERE))


def _of_snippets(
    records: Sequence[Record], times: Floats, annotation: Annotation
) -> "torch.Tensor":
    import torch

    centres = middles(times)
    rows = [annotation.ids_at(*pair) for pair in zip(records, centres, strict=True)]
    return torch.from_numpy(np.stack(rows))


def _loss(outputs: "torch.Tensor", targets: "torch.Tensor") -> "torch.Tensor":
    """Cross entropy, mean over the snippets that are there."""
    from torch.nn import functional as F

    there = targets != NOT_THERE
    total = F.cross_entropy(outputs[there].float(), targets[there], reduction="sum")
    return total / there.sum().clamp_min(1)


def _merge(outputs: "torch.Tensor", _: "torch.Tensor") -> "torch.Tensor":
    return outputs.softmax(dim=-1)


def _placed(
    merged: NDArray[np.float32], times: Floats, record: Record, rate: float
) -> NDArray[np.float32]:
    """Ids (T,) at the record's moments; NaN where the probabilities are."""
    ids = np.where(np.isnan(merged).any(axis=1), np.nan, merged.argmax(axis=1))
    places = np.searchsorted(times[:, 1], moments(record, rate), side="right")
    return np.asarray(ids[np.minimum(places, len(ids) - 1)], dtype=np.float32)


SEGMENTATION = Task(
    name="segmentation",
    options=SegmentationOptions,
    bind=bind,
    metrics=("mof", "mof_foreground", "edit", "f1_10", "f1_25", "f1_50"),
    headline="mof",
    procedure="timeline",
    unit="timeline",
    unit_options=TimelineOptions.of_rows,
    clips=TimelineOptions.clips,
    needs=lambda _: (SPANS.name, DURATION.name),
)
