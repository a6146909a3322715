"""Regions of a clip: a backbone's maps, averaged over time, pooled within each box."""

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torchvision.ops import roi_align

from severe_bench.config.recipe import Numerics
from severe_bench.models.maps import feature_maps
from severe_bench.tasks.task import Assignment
from severe_bench.train.batch import Batch
from severe_bench.train.numerics import arithmetic, lay_out

GRID = 7
"""Places across a region (He et al. 2017; PySlowFast's AVA head)."""
CORNERS = 4


class RegionNetwork(nn.Module):
    """Clips (B, 3, T, H, W) and boxes (B, K, 4) to one vector (B, K, C) for each box.

    The maps' mean over time, RoIAlign 7 x 7 (aligned, as many points as a bin has places), its
    maximum over space (Feichtenhofer et al. 2019, section 5). A box of NaN gives zeros.

    Args:
        name: of the backbone.
        backbone: built under that name.
    """

    def __init__(self, name: str, backbone: nn.Module) -> None:
        super().__init__()
        self.name, self.backbone = name, backbone

    def forward(self, clips: Tensor, boxes: Tensor) -> Tensor:
        """Vectors of the regions."""
        maps = feature_maps(self.name, self.backbone, clips).mean(dim=2).float()
        clip, place = torch.nonzero(~boxes[..., 0].isnan(), as_tuple=True)
        height, width = maps.shape[-2:]
        corners = boxes[clip, place] * boxes.new_tensor([width, height, width, height])
        regions = torch.cat([clip[:, None].to(corners.dtype), corners], dim=1)
        pooled = roi_align(maps, regions, GRID, spatial_scale=1.0, sampling_ratio=0, aligned=True)
        vectors = maps.new_zeros(*boxes.shape[:2], maps.shape[1])
        return vectors.index_put((clip, place), pooled.amax(dim=(2, 3)))


class BoxNetwork(nn.Module):
    """Regions, then head: outputs (B, K, ...)."""

    def __init__(self, regions: RegionNetwork, head: nn.Module) -> None:
        super().__init__()
        self.regions, self.head = regions, head

    def forward(self, clips: Tensor, boxes: Tensor) -> Tensor:
        """Outputs of the head."""
        outputs: Tensor = self.head(self.regions(clips, boxes))
        return outputs


class BoxObjective:
    """A task's loss over the boxes of key frames; the whole network trains."""

    def __init__(self, module: BoxNetwork, assignment: Assignment) -> None:
        self._module, self._assignment = module, assignment

    @property
    def module(self) -> nn.Module:
        """What trains."""
        return self._module

    def parameters(self) -> Iterable[nn.Parameter]:
        """All of them."""
        return self._module.parameters()

    def begin_epoch(self, epoch: int) -> None:  # noqa: ARG002 - every epoch is alike
        """Train mode."""
        self._module.train()

    def loss(self, batch: Batch) -> Tensor:
        """The task's loss of the batch."""
        outputs = self._module(batch.inputs["clips"], batch.inputs["boxes"])
        return self._assignment.loss(outputs, batch.targets)

    def after_step(self) -> None:
        """Nothing."""


@torch.inference_mode()
def box_outputs(
    module: nn.Module, clips: Tensor, boxes: Tensor, numerics: Numerics, most: int
) -> Tensor:
    """Outputs (B, K, ...) float32 of clips and boxes, at most `most` clips at once."""
    parts = zip(torch.split(clips, most), torch.split(boxes, most), strict=True)
    with arithmetic(numerics, str(clips.device)):
        outputs = [module(lay_out({"clips": some}, numerics)["clips"], at) for some, at in parts]
    return torch.cat(outputs).float()


def padded(rows: Sequence[Sequence[Sequence[float]]], most: int) -> Tensor:
    """Boxes (B, most, 4) float32 of B frames, padded with NaN."""
    boxes = torch.full((len(rows), most, CORNERS), torch.nan)
    for number, row in enumerate(rows):
        if row:
            boxes[number, : len(row)] = torch.tensor(row, dtype=torch.float32)
    return boxes


def with_boxes(boxes: Tensor, merged: Tensor) -> NDArray[np.float32]:
    """Scores (K, 4 + ...) of a frame: its boxes, then the merged outputs; NaN where no box is."""
    whole = torch.cat([boxes.cpu(), merged.cpu()], dim=1)
    whole[boxes[:, 0].isnan().cpu()] = torch.nan
    return np.asarray(whole.numpy(), dtype=np.float32)
