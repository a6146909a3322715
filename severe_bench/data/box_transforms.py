"""Crops, flips and resizing of clips whose boxes must go the same way.

Boxes are (x1, y1, x2, y2) in fractions of the frame, so that resizing leaves them alone; a crop or
flip changes them by what is here. NaN is no box.
"""

import torch
from torch import Tensor

from severe_bench.data.transforms import RawClip, on_device, resize


def boxes_after(boxes: Tensor, crop: Tensor, shape: tuple[int, int], flip: bool) -> Tensor:
    """Boxes in fractions of the crop, clipped to it.

    Args:
        boxes: (K, 4) in fractions of the frame.
        crop: (4,) top, left, height, width in source pixels.
        shape: (height, width) of the frame.
        flip: whether the crop is then mirrored left to right.

    Returns:
        (K, 4), NaN where nothing of the box is in the crop.

    Example:
        >>> box = torch.tensor([[0.5, 0.0, 1.0, 0.5]])
        >>> boxes_after(box, torch.tensor([0, 40, 40, 40]), (40, 80), flip=True)
        tensor([[0.0000, 0.0000, 1.0000, 0.5000]])
    """
    top, left, height, width = crop.tolist()
    tall, wide = shape
    frame = torch.tensor([wide, tall, wide, tall], dtype=torch.float64)
    corner = torch.tensor([left, top, left, top], dtype=torch.float64)
    extent = torch.tensor([width, height, width, height], dtype=torch.float64)
    inside = ((boxes.double() * frame - corner) / extent).clamp(0, 1)
    if flip:
        inside = torch.stack(
            [1 - inside[:, 2], inside[:, 1], 1 - inside[:, 0], inside[:, 3]], dim=1
        )
    there = (inside[:, 2] > inside[:, 0]) & (inside[:, 3] > inside[:, 1])
    inside[~there] = torch.nan
    return inside.to(boxes.dtype)


def whole_frames(clip: RawClip, shape: tuple[int, int], device: str | torch.device) -> Tensor:
    """The whole frames of a clip, resized: boxes stay as they are.

    Args:
        clip: (T, H, W, 3) uint8.
        shape: (height, width) of the result.
        device: where to compute and where the result lies.

    Returns:
        (3, T, height, width) float32 RGB in [0, 1].
    """
    pixels = resize(on_device(clip, device), *shape)
    return pixels.permute(3, 0, 1, 2).float().div_(255)


def short_side_shape(height: int, width: int, side: int) -> tuple[int, int]:
    """(height, width) with the short side `side` pixels long, the long side truncated."""
    short = min(height, width)
    return height * side // short, width * side // short
