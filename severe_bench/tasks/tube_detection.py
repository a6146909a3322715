"""Action detection in videos, as on UCF101-24: who does what, where, in every frame?

The 3D branch of YOWO (Koepueklue et al. 2019): a clip that ends in the key frame goes through the
backbone, its maps become one by their mean over time, and every cell predicts boxes; see
`anchor_boxes`. The boxes of all frames are linked into tubes, as long as the video: nothing says
when an action begins or ends (neither does YOWO), which costs overlap where it is shorter.
"""

from collections.abc import Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from severe_bench.core.errors import UserError
from severe_bench.core.extras import TUBES, Tube
from severe_bench.core.frozen import Frozen
from severe_bench.core.record import Dataset, Record
from severe_bench.tasks.task import Assignment, Task, class_names

if TYPE_CHECKING:
    import torch
    from torch import nn

    from severe_bench.tasks.anchors import Floats

ANCHORS = 5
BOX = 4
SAMPLED = 50_000
"""Boxes that anchors are found from, at most."""
FRAMES = 170
"""Of a video of UCF101-24, about: what estimates rest on."""

Positive = Annotated[int, Field(ge=1)]
Size = Annotated[float, Field(gt=0, le=1)]
Share = Annotated[float, Field(ge=0, le=1)]


class TubeDetectionOptions(Frozen):
    """How boxes are predicted and linked.

    Args:
        anchors: widths and heights in fractions of the frame; None: five by k-means of the boxes
            of the dataset's training list, whatever the budget.
        time: what becomes of the maps of a clip: their `mean`, or the `last`.
        key_frames: of an epoch: `all` annotated frames of the training videos (YOWO), or, `drawn`
            anew, as many of each video as `schedule.clips_per_video` says.
        every: of so many test frames one is predicted, and the last; boxes between are
            interpolated.
        boxes: kept per frame.
        box_overlap: above which the less confident of two boxes of a frame is dropped.
        tubes: linked per class and video.
        tube_overlap: above which the worse of two tubes of a class is dropped.
        most_tubes: kept per video, of all classes, the best.
    """

    anchors: tuple[tuple[Size, Size], ...] | None = Field(default=None, min_length=1)
    time: Literal["mean", "last"] = "mean"
    key_frames: Literal["all", "drawn"] = "all"
    every: Positive = 1
    boxes: Positive = 10
    box_overlap: Share = 0.4
    tubes: Positive = 3
    tube_overlap: Share = 0.3
    most_tubes: Positive = 20


class _Anchors:
    """The anchors of a dataset, found when they are first asked for."""

    def __init__(self, options: TubeDetectionOptions, dataset: Dataset) -> None:
        self._given, self._dataset = options.anchors, dataset
        self.count = len(options.anchors or range(ANCHORS))

    def on(self, device: "torch.device") -> "torch.Tensor":
        """(A, 2) float32 on a device."""
        import torch

        return torch.tensor(self._sizes, dtype=torch.float32, device=device)

    @cached_property
    def _sizes(self) -> "Floats":
        from severe_bench.tasks.anchors import anchors_of

        if self._given is not None:
            return np.array(self._given)
        tubes = [tube for r in self._dataset.listed("train") for tube in TUBES.of(r)]
        boxes = np.array([box for tube in tubes for box in tube.boxes]).reshape(-1, BOX)
        sizes = boxes[:: max(1, len(boxes) // SAMPLED)]
        sizes = sizes[:, 2:] - sizes[:, :2]
        sizes = sizes[(sizes > 0).all(axis=1)]
        if not len(sizes):
            raise UserError("no training video has a box", self._dataset.name, "give anchors")
        return anchors_of(sizes, ANCHORS)


def bind(options: TubeDetectionOptions, dataset: Dataset) -> Assignment:
    """Head, loss and decoding for the dataset's classes.

    The head takes maps (B, C, H, W). The loss is of key frames, its targets (B, K, 5) as
    `key_targets` makes them; `targets` are those of whole videos. `merge` turns the outputs of P
    key frames into candidates (P, A * H * W, 5 + classes), and weights have no say.
    """
    anchors = _Anchors(options, dataset)
    classes = len(dataset.classes)
    return Assignment(
        head=partial(_head, anchors=anchors.count, classes=classes),
        targets=partial(_targets, classes=classes),
        loss=partial(_loss, anchors=anchors),
        merge=partial(_candidates, anchors=anchors),
    )


def key_targets(record: Record, frame: int) -> "torch.Tensor":
    """Boxes of a frame (K, 5) float32: x1, y1, x2, y2 and class id."""
    import torch

    boxes = [
        (*tube.boxes[tube.frames.index(frame)], tube.label)
        for tube in TUBES.of(record)
        if frame in tube.frames
    ]
    return torch.tensor(boxes, dtype=torch.float32).view(-1, BOX + 1)


def _head(width: int, anchors: int, classes: int) -> "nn.Module":
    from severe_bench.tasks.anchor_boxes import AnchorHead

    return AnchorHead(width, anchors, classes)


def _loss(outputs: "torch.Tensor", targets: "torch.Tensor", anchors: _Anchors) -> "torch.Tensor":
    from severe_bench.tasks.anchor_boxes import region_loss

    return region_loss(outputs, targets, anchors.on(outputs.device))


def _candidates(outputs: "torch.Tensor", _: "torch.Tensor", anchors: _Anchors) -> "torch.Tensor":
    from severe_bench.tasks.anchor_boxes import candidates

    return candidates(outputs, anchors.on(outputs.device))


def _targets(records: Sequence[Record], classes: int) -> "torch.Tensor":
    """Tubes (N, M, 1 + 4 F): class id, then the box in each frame; NaN where there is none."""
    import torch

    tubes = [_known(record, classes) for record in records]
    most = max((len(of_record) for of_record in tubes), default=0)
    frames = max((t.frames[-1] + 1 for of_record in tubes for t in of_record), default=0)
    targets = torch.full((len(records), most, 1 + BOX * frames), torch.nan)
    for number, of_record in enumerate(tubes):
        for place, tube in enumerate(of_record):
            targets[number, place, 0] = tube.label
            boxes = targets[number, place, 1:].view(frames, BOX)
            boxes[list(tube.frames)] = torch.tensor(tube.boxes)
    return targets


def _known(record: Record, classes: int) -> tuple[Tube, ...]:
    """Tubes that are not empty, their classes checked."""
    tubes = TUBES.of(record)
    for tube in tubes:
        if not 0 <= tube.label < classes:
            what = f"class id {tube.label} is outside 0 to {classes - 1}"
            raise UserError(what, record.sample, "mend the annotation")
    return tuple(tube for tube in tubes if tube.frames)


def _clips(options: TubeDetectionOptions) -> tuple[int, int]:
    in_training = FRAMES if options.key_frames == "all" else 1
    return in_training, -(-FRAMES // options.every)


TUBE_DETECTION = Task(
    name="tube_detection",
    options=TubeDetectionOptions,
    bind=bind,
    metrics=("video_map_050", "video_map_020", "video_map_050_095", "frame_map_050"),
    headline="video_map_050",
    needs=lambda _: (TUBES.name,),
    procedure="tubes",
    unit=None,
    clips=_clips,
    names=class_names,
)
