"""Repetition counting: how often an action is repeated in a video.

Zhang et al., Context-aware and Scale-insensitive Temporal Repetition Counting, CVPR 2020, as SEVERE
runs it. A network sees the cycle before a frame and the one after it, at an estimated length, and
says by how much the true length differs: seven anchors for each cycle, each with a class and a box.
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from severe_bench.core.errors import UserError
from severe_bench.core.extras import COUNT, STARTS, STOP
from severe_bench.core.frozen import Frozen
from severe_bench.core.record import Dataset, Record
from severe_bench.tasks.task import Assignment, Task

if TYPE_CHECKING:
    import torch
    from torch import nn

SIDES = 2
"""The cycle before a frame and the one after it."""

AtLeastOne = Annotated[int, Field(ge=1)]
Above = Annotated[float, Field(gt=0)]


class CountingOptions(Frozen):
    """Of counting; the defaults are those of the released code.

    Args:
        clips: sub-clips of each training video, drawn once.
        cut: longest sub-clip in frames.
        rollout: most optimiser steps on a batch of sub-clips, each at a later frame.
        context: how much beside each cycle is seen, in its length.
        outside: frames before the first and after the last one: `mean_values` is the released
            code's constant, whose channels hold the input's mean as if it were normalised;
            `mean` is the mean colour, 0 in each channel.
        anchors: lengths that are told apart, in estimated lengths.
        overlap: an anchor is positive if the shorter of it and the true length is at least this
            part of the longer.
        box_weight: of the boxes' smooth L1 loss beside the cross entropy.
        scales: lengths that are tried at the video's centre.
        scale_range: shortest and longest of them, as parts of the video.
        levels: of the refinement from coarse to fine, over 2 ** (levels + 1) places.
    """

    clips: AtLeastOne = 10
    cut: Annotated[int, Field(ge=8)] = 300
    rollout: AtLeastOne = 11
    context: Annotated[float, Field(ge=0)] = 1.0
    outside: Literal["mean_values", "mean"] = "mean_values"
    anchors: tuple[Above, ...] = (0.5, 0.67, 0.8, 1.0, 1.25, 1.5, 2.0)
    overlap: Annotated[float, Field(gt=0, le=1)] = 0.5
    box_weight: Annotated[float, Field(ge=0)] = 50.0
    scales: Annotated[int, Field(ge=2)] = 30
    scale_range: tuple[Above, Above] = (0.03, 0.35)
    levels: AtLeastOne = 4


def bind(options: CountingOptions, _: Dataset) -> Assignment:
    """Outputs (B, 2, 3, A) of a window: per side and anchor two logits (no, yes) and a box.

    A box is the logarithm of true length over anchor. Targets of a video are its count, and what
    is merged are the frequencies that its places give.
    """
    return Assignment(
        head=partial(_head, anchors=len(options.anchors)),
        targets=_targets,
        loss=partial(_loss, box_weight=options.box_weight),
        merge=_merge,
    )


def _head(width: int, anchors: int) -> "nn.Module":
    """Features (B, width) to outputs (B, 2, 3, A), torch's default initialisation."""
    from torch import nn

    linear = nn.Linear(width, SIDES * 3 * anchors)
    return nn.Sequential(linear, nn.Unflatten(1, (SIDES, 3, anchors)))


def _targets(records: Sequence[Record]) -> "torch.Tensor":
    """Counts (N,) int64, at least 1."""
    import torch

    return torch.tensor([_count(record) for record in records], dtype=torch.int64)


def _count(record: Record) -> int:
    count = COUNT.of(record)
    if count < 1:
        mend = "leave it out: the error is relative to the count"
        raise UserError(f"its count is {count}", record.sample, mend)
    return count


def _loss(outputs: "torch.Tensor", targets: "torch.Tensor", box_weight: float) -> "torch.Tensor":
    """Cross entropy of the anchors' classes and weighted smooth L1 of their boxes, both sides.

    Args:
        outputs: (B, 2, 3, A).
        targets: (B, 2, 2, A): class (0, 1, or -1 to ignore it) and box (NaN: none, it adds 0 but
            counts in the mean).
        box_weight: of smooth L1.
    """
    import torch
    from torch.nn import functional as F

    total = outputs.new_zeros(())
    for side in range(SIDES):
        classes, boxes = targets[:, side, 0].long(), targets[:, side, 1]
        logits, predicted = outputs[:, side, :2], outputs[:, side, 2]
        wanted = torch.where(boxes.isnan(), predicted.detach(), boxes)
        entropy = F.cross_entropy(logits, classes, ignore_index=-1, reduction="sum")
        counted = (classes != -1).sum().clamp_min(1)
        total = total + entropy / counted + box_weight * F.smooth_l1_loss(predicted, wanted)
    return total


def _merge(frequencies: "torch.Tensor", weights: "torch.Tensor") -> "torch.Tensor":
    """Weighted mean of the repetitions per frame (V,) that the places of a video give."""
    return weights @ frequencies


def _clips(options: CountingOptions) -> tuple[int, int]:
    """Every sub-clip in every step; lengths that are tried and refined, then places by level.

    The two coarsest levels look at eight windows each, the others once at each of their nodes.
    """
    levels = range(1, options.levels + 1)
    places = sum(8 if level < 3 else 2**level for level in levels)
    return options.clips * options.rollout, options.scales + 4 + places


COUNTING = Task(
    name="counting",
    options=CountingOptions,
    bind=bind,
    metrics=("counting_error", "obo"),
    headline="counting_error",
    needs=lambda _: (COUNT.name, STARTS.name, STOP.name),
    procedure="counting",
    unit=None,
    clips=_clips,
)
