"""Action detection in key frames, as on AVA: what does each person of a given box do?

For every box: features of its region of interest, dropout, one linear layer, a sigmoid for each
class; binary cross entropy (Feichtenhofer et al. 2019, section 5, as SEVERE uses it). Boxes come
with the dataset: annotated ones in training, a person detector's in testing.

SEVERE's code trains on crops of 112 pixels from frames made 256 to 320 high (`augment.crop:
short_side`, `augment.short_side: [2.286, 2.857]`) and tests on whole frames made 112 high, so that
persons are less than half as large at test time; [1.0, 1.25] would not do that. Its test clips are
those of training; the thesis (section B.2) trains on 32 frames with stride 2 and tests on 8 with
stride 8 (`test.frames`, `test.stride`).
"""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field

from severe_bench.core.errors import UserError
from severe_bench.core.extras import BOXES, KEY_TIME, PROPOSALS
from severe_bench.core.frozen import Frozen
from severe_bench.core.metric import NOT_EVALUATED
from severe_bench.core.padding import padded
from severe_bench.core.record import Dataset, Record
from severe_bench.tasks.task import Assignment, Task, class_names

if TYPE_CHECKING:
    import torch
    from numpy.typing import NDArray
    from torch import nn

AVA_CLASSES = 80
AVA_60 = (
    *(1, *range(3, 16), 17, 20, 22, 24, *range(26, 31), 34, 36, 37, 38, 41, 43),
    *(*range(45, 50), 51, 52, 54, *range(56, 71), 72, 73, 74, *range(76, 81)),
)
"""Ids, from 1, of `ava_action_list_v2.2_for_activitynet_2019.pbtxt`: the evaluated classes."""

Share = Annotated[float, Field(ge=0, le=1)]
CORNERS = 4


class AvaDetectionOptions(Frozen):
    """Which boxes are trained and tested on, how frames are framed, which classes count.

    Args:
        train_proposals: of a detector's boxes in training frames: `none`; `matched`, those that
            overlap an annotated box by at least `match_overlap`, with its classes; `all`, the
            others too, as persons who do nothing (SEVERE's code; its lists are not its own).
        match_overlap: intersection over union.
        test_boxes: `proposals`, or the annotated boxes themselves.
        min_score: of a proposal, in training and testing.
        frame: of a test clip, never cropped, its short side as long as a clip's: `whole` keeps the
            aspect; `square` does not, for networks that read squares only.
        evaluated: `all` classes, or the 60 of AVA's 80 that its evaluation counts.
        dropout: before the linear layer; 0 where the recipe's `head.dropout` is to do it.
    """

    train_proposals: Literal["none", "matched", "all"] = "none"
    match_overlap: Share = 0.9
    test_boxes: Literal["proposals", "annotated"] = "proposals"
    min_score: Share = 0.9
    frame: Literal["whole", "square"] = "whole"
    evaluated: Literal["all", "ava60"] = "all"
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.5


def bind(options: AvaDetectionOptions, dataset: Dataset) -> Assignment:
    """Heads and targets for the dataset's classes.

    Outputs are logits (B, K, C) of K boxes per frame; targets (B, K, 4 + C) are boxes and 0 or 1
    for each class, rows of NaN being padding.
    """
    classes = len(dataset.classes)
    return Assignment(
        head=partial(_head, classes=classes, dropout=options.dropout),
        targets=partial(_targets, classes=classes),
        loss=_loss,
        merge=partial(_merge, left_out=_left_out(options, classes)),
    )


def _left_out(options: AvaDetectionOptions, classes: int) -> tuple[int, ...]:
    if options.evaluated == "all":
        return ()
    if classes != AVA_CLASSES:
        mend = "set evaluated: all"
        raise UserError(f"ava60 counts 60 of 80 classes, and there are {classes}", mend=mend)
    return tuple(label for label in range(classes) if label + 1 not in AVA_60)


def _head(width: int, classes: int, dropout: float) -> "nn.Module":
    """Region features (..., width) to logits (..., classes)."""
    from torch import nn

    return nn.Sequential(nn.Dropout(dropout), nn.Linear(width, classes))


def _targets(records: Sequence[Record], classes: int) -> "torch.Tensor":
    """Boxes and their classes (N, K, 4 + C) float32, padded with NaN to the most in any record."""
    import torch

    return torch.from_numpy(padded([_rows(record, classes) for record in records], np.nan))


def _rows(record: Record, classes: int) -> "NDArray[np.float32]":
    """(K, 4 + C) of the boxes of one record."""
    boxes = BOXES.of(record)
    rows = np.zeros((len(boxes), CORNERS + classes), dtype=np.float32)
    for row, box in zip(rows, boxes, strict=True):
        row[:CORNERS] = (box.x1, box.y1, box.x2, box.y2)
        for label in box.labels:
            if not 0 <= label < classes:
                what = f"class id {label} is outside 0 to {classes - 1}"
                raise UserError(what, record.sample, "mend the annotation")
            row[CORNERS + label] = 1.0
    return rows


def _loss(logits: "torch.Tensor", targets: "torch.Tensor") -> "torch.Tensor":
    """Binary cross entropy, mean over boxes and classes; 0 where no box is there."""
    from torch.nn import functional as F

    there = ~targets[..., 0].isnan()
    if not there.any():
        return logits.sum() * 0
    return F.binary_cross_entropy_with_logits(logits[there].float(), targets[there][:, CORNERS:])


def _merge(
    logits: "torch.Tensor", weights: "torch.Tensor", left_out: tuple[int, ...]
) -> "torch.Tensor":
    """Weighted mean of the views' sigmoid: (V, K, C) to (K, C), -inf for classes left out."""
    import torch

    merged = torch.einsum("v,vkc->kc", weights, logits.float().sigmoid())
    merged[:, list(left_out)] = NOT_EVALUATED
    return merged


def _unit_options(options: AvaDetectionOptions) -> dict[str, Any]:
    """What changes the boxes and the pixels that cached features are of."""
    dump: dict[str, Any] = options.model_dump(mode="json", exclude={"evaluated", "dropout"})
    return dump


def _needs(options: AvaDetectionOptions) -> tuple[str, ...]:
    detector = options.test_boxes == "proposals" or options.train_proposals != "none"
    always = (BOXES.name, KEY_TIME.name)
    return (*always, PROPOSALS.name) if detector else always


def _clips(_: AvaDetectionOptions) -> tuple[int, int]:
    """One around each key frame, uncropped in testing."""
    return 1, 1


AVA_DETECTION = Task(
    name="ava_detection",
    options=AvaDetectionOptions,
    bind=bind,
    metrics=("frame_map",),
    headline="frame_map",
    needs=_needs,
    procedure="boxes",
    unit="box",
    unit_options=_unit_options,
    clips=_clips,
    names=class_names,
)
