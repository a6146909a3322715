"""Boxes predicted by the cells of a map, each with a few anchors, and the loss of them.

The parametrisation is YOLOv2's (Redmon and Farhadi 2017, section 2): of an anchor of size
(p_w, p_h) in the cell at column c_x and row c_y of a map W cells wide and H high, outputs t give a
box of centre ((sigmoid(t_x) + c_x) / W, (sigmoid(t_y) + c_y) / H), size (p_w exp(t_w),
p_h exp(t_h)), confidence sigmoid(t_o), and class probabilities softmax(t_c).

The loss is YOWO's (Koepueklue et al. 2019, section 3.2, and its published `region_loss.py`): halved
smooth L1 of sigmoid(t_x), sigmoid(t_y), t_w and t_h; halved squared error of the confidence, whose
target is the overlap of the predicted box, weighted 5 where a box belongs and 1 elsewhere, except
where a prediction overlaps a box by more than 0.6 anyway; focal loss (gamma 2) of the class. Sums
over boxes and cells, the mean over frames.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

OBJECT, CLASS = 4, 5
"""Places of confidence and of the first class among the outputs of an anchor."""
OBJECT_WEIGHT = 5.0
GOOD_ENOUGH = 0.6
GAMMA = 2.0
MOST_GROWTH = 8.0
"""Largest t_w and t_h: exp of more is no size of a box, and overflows."""


class AnchorHead(nn.Module):
    """Maps (B, C, H, W) to outputs (B, A, 5 + classes, H, W): one linear layer in every cell."""

    def __init__(self, width: int, anchors: int, classes: int) -> None:
        super().__init__()
        self.anchors = anchors
        self.cells = nn.Conv2d(width, anchors * (CLASS + classes), kernel_size=1)

    def forward(self, maps: Tensor) -> Tensor:
        """Raw outputs t."""
        outputs: Tensor = self.cells(maps)
        return outputs.reshape(len(maps), self.anchors, -1, *maps.shape[2:])


def decoded(outputs: Tensor, anchors: Tensor) -> Tensor:
    """Boxes as x1, y1, x2, y2 in fractions of the frame.

    Args:
        outputs: (B, A, 5 + classes, H, W).
        anchors: (A, 2) widths and heights in fractions of the frame.

    Returns:
        (B, A, H, W, 4); they may reach out of the frame.
    """
    height, width = outputs.shape[-2:]
    rows = torch.arange(height, device=outputs.device).view(height, 1)
    columns = torch.arange(width, device=outputs.device).view(1, width)
    x = (outputs[:, :, 0].sigmoid() + columns) / width
    y = (outputs[:, :, 1].sigmoid() + rows) / height
    sizes = outputs[:, :, 2:4].clamp(max=MOST_GROWTH).exp() * anchors.view(1, -1, 2, 1, 1)
    w, h = sizes[:, :, 0] / 2, sizes[:, :, 1] / 2
    return torch.stack([x - w, y - h, x + w, y + h], dim=-1)


def candidates(outputs: Tensor, anchors: Tensor) -> Tensor:
    """Every box with its confidence and class probabilities.

    Returns:
        (B, A * H * W, 5 + classes): x1, y1, x2, y2 within the frame, confidence, probabilities.
    """
    boxes = decoded(outputs, anchors).clamp(0, 1)
    confidence = outputs[:, :, OBJECT, ..., None].sigmoid()
    classes = outputs[:, :, CLASS:].softmax(dim=2).movedim(2, -1)
    return torch.cat([boxes, confidence, classes], dim=-1).flatten(1, 3)


@dataclass(frozen=True)
class _Truth:
    """The boxes of a batch and where they belong: frame, anchor, row and column, each (G,).

    boxes is (G, 4), offsets (G, 4) the sigmoid(t_x), sigmoid(t_y), t_w, t_h that would be right,
    labels (G,).
    """

    frame: Tensor
    anchor: Tensor
    row: Tensor
    column: Tensor
    boxes: Tensor
    offsets: Tensor
    labels: Tensor


def region_loss(outputs: Tensor, targets: Tensor, anchors: Tensor) -> Tensor:
    """The loss of a batch of frames.

    Args:
        outputs: (B, A, 5 + classes, H, W).
        targets: (B, K, 5): x1, y1, x2, y2 in fractions of the frame and class id; NaN is padding.
        anchors: (A, 2).

    Returns:
        Scalar, mean over frames.
    """
    outputs = outputs.float()
    truth = _placed(targets, anchors, outputs.shape[-2], outputs.shape[-1])
    boxes = decoded(outputs, anchors).detach()
    at = (truth.frame, truth.anchor, truth.row, truth.column)
    raw = outputs.movedim(2, -1)[at]
    place = F.smooth_l1_loss(_offsets(raw), truth.offsets, reduction="sum") / 2
    reached = pair_overlap(boxes[at], truth.boxes)
    found = OBJECT_WEIGHT * (raw[:, OBJECT].sigmoid() - reached).square().sum() / 2
    nothing = _empty(boxes, targets)
    nothing[at] = False
    false = outputs[:, :, OBJECT].sigmoid()[nothing].square().sum() / 2
    log_p = raw[:, CLASS:].log_softmax(dim=-1).gather(1, truth.labels[:, None])
    focal = -((1 - log_p.exp()) ** GAMMA * log_p).sum()
    return (place + found + false + focal) / len(outputs)


def pair_overlap(left: Tensor, right: Tensor) -> Tensor:
    """Intersection over union of boxes (..., 4), pair by pair."""
    low = torch.maximum(left[..., :2], right[..., :2])
    high = torch.minimum(left[..., 2:], right[..., 2:])
    shared = (high - low).clamp_min(0).prod(dim=-1)
    areas = [(b[..., 2:] - b[..., :2]).clamp_min(0).prod(dim=-1) for b in (left, right)]
    return shared / (areas[0] + areas[1] - shared).clamp_min(1e-9)


def _offsets(raw: Tensor) -> Tensor:
    return torch.cat([raw[:, :2].sigmoid(), raw[:, 2:4]], dim=1)


def _placed(targets: Tensor, anchors: Tensor, height: int, width: int) -> _Truth:
    """Each box goes to the cell of its centre and the anchor nearest in size."""
    frame, place = torch.nonzero(~targets[..., 0].isnan(), as_tuple=True)
    rows = targets[frame, place]
    boxes, labels = rows[:, :4], rows[:, 4].long()
    size = boxes[:, 2:] - boxes[:, :2]
    cells = boxes.new_tensor([width, height])
    centre = (boxes[:, :2] + boxes[:, 2:]) / 2 * cells
    cell = torch.minimum(centre.long(), cells.long() - 1)
    shared = torch.minimum(size[:, None], anchors[None]).prod(dim=-1)
    union = size.prod(dim=-1)[:, None] + anchors.prod(dim=-1)[None] - shared
    anchor = (shared / union).argmax(dim=1)
    offsets = torch.cat([centre - cell, (size / anchors[anchor]).log()], dim=1)
    return _Truth(frame, anchor, cell[:, 1], cell[:, 0], boxes, offsets, labels)


def _empty(boxes: Tensor, targets: Tensor) -> Tensor:
    """(B, A, H, W): predictions that overlap no box by more than `GOOD_ENOUGH`."""
    empty = torch.ones(boxes.shape[:-1], dtype=torch.bool, device=boxes.device)
    for place in range(targets.shape[1]):
        truth = targets[:, place, None, None, None, :4]
        empty &= ~(pair_overlap(boxes, truth) > GOOD_ENOUGH)
    return empty
