"""Regions of a clip: a backbone's maps, averaged over time, pooled within each box."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torchvision.ops import roi_align

from severe_bench.config.recipe import Numerics
from severe_bench.core import padding
from severe_bench.models.maps import feature_maps
from severe_bench.train.numerics import arithmetic, lay_out

GRID = 7
"""Places across a region (He et al. 2017; PySlowFast's AVA head)."""
CORNERS = 4


class BoxNetwork(nn.Module):
    """Clips (B, 3, T, H, W) and boxes (B, K, 4) to outputs (B, K, ...) of a head.

    For every box: the maps' mean over time, RoIAlign 7 x 7 (aligned, as many points as a bin has
    places), its maximum over space (Feichtenhofer et al. 2019, section 5). Boxes are in fractions
    of the clip's frame, hence of the maps; one of NaN has a vector of zeros.

    Args:
        name: of the backbone.
        backbone: built under that name.
        head: vectors (B, K, C) to outputs.
    """

    def __init__(self, name: str, backbone: nn.Module, head: nn.Module) -> None:
        super().__init__()
        self.name, self.backbone, self.head = name, backbone, head

    def forward(self, clips: Tensor, boxes: Tensor) -> Tensor:
        """Outputs of the head."""
        maps = feature_maps(self.name, self.backbone, clips).mean(dim=2).float()
        clip, place = torch.nonzero(~boxes[..., 0].isnan(), as_tuple=True)
        height, width = maps.shape[-2:]
        corners = boxes[clip, place] * boxes.new_tensor([width, height, width, height])
        regions = torch.cat([clip[:, None].to(corners.dtype), corners], dim=1)
        pooled = roi_align(maps, regions, GRID, spatial_scale=1.0, sampling_ratio=0, aligned=True)
        vectors = maps.new_zeros(*boxes.shape[:2], maps.shape[1])
        outputs: Tensor = self.head(vectors.index_put((clip, place), pooled.amax(dim=(2, 3))))
        return outputs


@torch.inference_mode()
def box_outputs(
    network: nn.Module, clips: Tensor, boxes: Tensor, numerics: Numerics, most: int
) -> Tensor:
    """Outputs (B, K, ...) float32 of clips and boxes, at most `most` clips at once."""
    parts = zip(torch.split(clips, most), torch.split(boxes, most), strict=True)
    with arithmetic(numerics, str(clips.device)):
        outputs = [network(lay_out({"clips": some}, numerics)["clips"], at) for some, at in parts]
    return torch.cat(outputs).float()


def padded(rows: Sequence[Sequence[Sequence[float]]], most: int) -> Tensor:
    """Boxes (B, most, 4) float32 of B frames, padded with NaN."""
    boxes = [np.array(row, dtype=np.float32).reshape(-1, CORNERS) for row in rows]
    return torch.from_numpy(padding.padded(boxes, np.nan, most))


def with_boxes(boxes: Tensor, merged: Tensor) -> NDArray[np.float32]:
    """Scores (K, 4 + ...) of a frame: its boxes, then the merged outputs; NaN where no box is."""
    whole = torch.cat([boxes.cpu(), merged.cpu()], dim=1)
    whole[boxes[:, 0].isnan().cpu()] = torch.nan
    return np.asarray(whole.numpy(), dtype=np.float32)
