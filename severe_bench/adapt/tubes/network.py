"""The network that predicts the boxes of a clip's key frame, and which of them are kept."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torchvision.ops import nms

from severe_bench.adapt.network import WholeNetwork
from severe_bench.adapt.tubes.linking import Found
from severe_bench.models.maps import feature_maps

BOX, CONFIDENCE, CLASSES = 4, 4, 5
"""Places in a candidate: the box before 4, the confidence, the classes from 5 on."""

OverTime = Callable[[Tensor], Tensor]
OVER_TIME: dict[str, OverTime] = {
    "mean": lambda maps: maps.mean(dim=2),
    "last": lambda maps: maps[:, :, -1],
}


class TubeNetwork(WholeNetwork):
    """Clips (B, 3, T, H, W) to the outputs of a head on maps (B, C, H', W').

    Args:
        name: of the backbone.
        backbone: built under that name.
        over_time: maps (B, C, T', H', W') to maps of the key frame.
        head: maps to outputs.
    """

    def __init__(
        self, name: str, backbone: nn.Module, over_time: OverTime, head: nn.Module
    ) -> None:
        super().__init__(backbone, head)
        self.name, self.over_time = name, over_time

    def forward(self, clips: Tensor) -> Tensor:
        """Outputs of the head."""
        outputs: Tensor = self.head(self.over_time(feature_maps(self.name, self.backbone, clips)))
        return outputs


def kept(candidates: Tensor, most: int, overlap: float) -> Found:
    """The boxes of each frame that are left when the less confident of two that overlap goes.

    Args:
        candidates: (P, L, 5 + classes) as `tasks.anchor_boxes.candidates`.
        most: boxes per frame, the most confident.
        overlap: intersection over union above which one goes.

    Returns:
        Boxes with the product of confidence and class probability as scores.
    """
    frames, count, width = candidates.shape
    room = min(most, count)
    boxes = torch.full((frames, room, BOX), torch.nan)
    scores = torch.zeros(frames, room, width - CLASSES)
    for frame, found in enumerate(candidates.cpu()):
        left = found[nms(found[:, :BOX], found[:, CONFIDENCE], overlap)[:room]]
        boxes[frame, : len(left)] = left[:, :BOX]
        scores[frame, : len(left)] = left[:, CONFIDENCE, None] * left[:, CLASSES:]
    return Found(boxes.numpy().astype(np.float64), scores.numpy().astype(np.float64))
