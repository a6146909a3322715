"""From decoded uint8 clips to what a network reads: crop, flip, colour, normalise.

Random draws and their application are apart: `draw` is pure and runs on the CPU, so the same seed
gives the same augmentation on every device; `apply` runs where the pixels are.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from severe_bench.config.network_input import Input
from severe_bench.config.recipe import Augment, Test
from severe_bench.data.colour import jitter

RawClip = NDArray[np.uint8] | torch.Tensor
"""One clip as decoded: (T, H, W, 3) uint8 RGB."""

ATTEMPTS = 10
"""Tries at a crop that fits before the fallback (Szegedy et al. 2015, as torchvision does it)."""


@dataclass(frozen=True)
class Draws:
    """What augmentation does to each clip of a batch; all on the CPU.

    Args:
        boxes: (B, 4) int64: top, left, height, width of the crop in source pixels.
        flips: (B,) bool: mirrored left to right.
        factors: (B, 4) float32: brightness, contrast, saturation, hue.
        order: (B, 4) int64: the order of those four.
    """

    boxes: torch.Tensor
    flips: torch.Tensor
    factors: torch.Tensor
    order: torch.Tensor

    def __len__(self) -> int:
        """Number of clips."""
        return len(self.flips)


def draw(augment: Augment, shapes: Sequence[tuple[int, int]], generator: torch.Generator) -> Draws:
    """Draw one augmentation per clip.

    Args:
        augment: ranges and probabilities.
        shapes: (height, width) of each clip's frames.
        generator: on the CPU.
    """
    count = len(shapes)
    sizes = torch.tensor(shapes, dtype=torch.int64).view(count, 2)
    boxes = CROPS[augment.crop](augment, sizes, generator)
    flips = torch.rand(count, generator=generator) < augment.flip
    spread = torch.tensor([augment.brightness, augment.contrast, augment.saturation, augment.hue])
    lowest = (torch.tensor([1.0, 1.0, 1.0, 0.0]) - spread).clamp_min(0)
    lowest[3] = -augment.hue
    highest = torch.tensor([1.0, 1.0, 1.0, 0.0]) + spread
    factors = lowest + torch.rand(count, 4, generator=generator) * (highest - lowest)
    order = torch.rand(count, 4, generator=generator).argsort(dim=1)
    return Draws(boxes, flips, factors, order)


def apply(
    clips: Sequence[RawClip], draws: Draws, size: int, device: str | torch.device
) -> torch.Tensor:
    """Augment clips.

    Args:
        clips: B clips (T, H, W, 3) uint8; T is common, H and W need not be.
        draws: B draws.
        size: side of the square result in pixels.
        device: where to compute and where the result lies.

    Returns:
        (B, 3, T, size, size) float32 RGB in [0, 1]. Resizing is bilinear with antialiasing, rounded
        to whole grey levels, as PIL does it; jitter follows in float, without such rounding.
    """
    frames = len(clips[0])
    batch = torch.empty(len(clips), 3, frames, size, size, device=device)
    for row, clip, box, flip in zip(
        batch, clips, draws.boxes.tolist(), draws.flips.tolist(), strict=True
    ):
        top, left, height, width = box
        pixels = on_device(clip, device)
        crop = resize(pixels[:, top : top + height, left : left + width], size, size)
        row.copy_((crop.flip(2) if flip else crop).permute(3, 0, 1, 2))
    return jitter(batch.div_(255), draws.factors, draws.order)


def test_crops(
    clip: RawClip,
    size: int,
    test: Test,
    device: str | torch.device,
) -> list[torch.Tensor]:
    """Resize the short side to int(size / resize), then crop the centre, or beside it too.

    The long side is truncated, the centre's offset rounded (SEVERE code, test transform). Three
    crops are left, centre and right, or top, centre and bottom (PySlowFast).

    Args:
        clip: (T, H, W, 3) uint8.
        size: side of the square results in pixels.
        test: of the recipe.
        device: where to compute and where the results lie.

    Returns:
        One (3, T, size, size) float32 RGB in [0, 1] for each crop.
    """
    pixels = on_device(clip, device)
    height, width = _short_side_to(int(size / test.resize), pixels.shape[1], pixels.shape[2])
    whole = resize(pixels, height, width)
    crops = []
    for top, left in _corners(height - size, width - size, test.crops):
        crop = whole[:, top : top + size, left : left + size].permute(3, 0, 1, 2)
        crops.append(torch.empty(crop.shape, device=crop.device).copy_(crop).div_(255))
    return crops


def on_device(clip: RawClip, device: str | torch.device) -> torch.Tensor:
    """A clip as decoded, copied to the device; from pinned memory without waiting for the copy."""
    pixels = torch.as_tensor(clip)
    return pixels.to(device, non_blocking=pixels.is_pinned())


def _corners(room_down: int, room_right: int, crops: int) -> list[tuple[int, int]]:
    """Of the crops in a frame that is that much larger."""
    top, left = round(room_down / 2), round(room_right / 2)
    if crops == 1:
        return [(top, left)]
    if room_down > room_right:
        return [(0, left), (top, left), (room_down, left)]
    return [(top, 0), (top, left), (top, room_right)]


def normalise(clips: torch.Tensor, statement: Input) -> torch.Tensor:
    """Apply a model's input statement, in place.

    Args:
        clips: (B, 3, T, H, W) float RGB in [0, 1]; not to be used afterwards.
        statement: mean and deviation in the order red, green, blue whatever `channels` says; `BGR`
            swaps the channels after normalising (as SEVERE's transforms do).
    """
    if statement.mean != (0.0, 0.0, 0.0) or statement.std != (1.0, 1.0, 1.0):
        mean = torch.tensor(statement.mean, device=clips.device).view(1, 3, 1, 1, 1)
        std = torch.tensor(statement.std, device=clips.device).view(1, 3, 1, 1, 1)
        clips = clips.sub_(mean).div_(std)
    return clips.flip(1) if statement.channels == "BGR" else clips


def resize(frames: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Bilinear with antialiasing, rounded to whole grey levels.

    Args:
        frames: (T, h, w, 3) uint8, any strides.
        height: of the result in pixels.
        width: of the result in pixels.

    Returns:
        (T, height, width, 3), uint8 on the CPU, whole-valued float32 on other devices (which have
        no uint8 kernel); the two differ by at most one grey level.
    """
    if frames.shape[1:3] == (height, width):
        return frames
    planes = frames.permute(0, 3, 1, 2)
    if frames.device.type != "cpu":
        planes = planes.float()
    small = F.interpolate(planes, size=(height, width), mode="bilinear", antialias=True)
    return (small if small.dtype == torch.uint8 else small.round_()).permute(0, 2, 3, 1)


def _area(augment: Augment, sizes: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Inception-style crops: the first of ten tries that fits, else the largest centred one."""
    count = len(sizes)
    area = sizes.prod(1, keepdim=True) * _uniform(augment.area, count, generator)
    log_range = (math.log(augment.ratio[0]), math.log(augment.ratio[1]))
    ratio = _uniform(log_range, count, generator).exp()
    tries = torch.stack(
        [(area / ratio).sqrt().round(), (area * ratio).sqrt().round()], dim=2
    ).long()
    fits = ((tries > 0) & (tries <= sizes[:, None])).all(2)
    first = fits.int().argmax(1)
    extent = tries[torch.arange(count), first]
    places = torch.rand(count, 2, generator=generator, dtype=torch.float64)
    corner = (places * (sizes - extent + 1)).long()
    boxes = torch.cat([corner, extent], dim=1)
    fallback = torch.tensor([_fallback(h, w, augment.ratio) for h, w in sizes.tolist()])
    return torch.where(fits.any(1, keepdim=True), boxes, fallback.view(count, 4))


def _multiscale(augment: Augment, sizes: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Squares of one of the scales of the short side."""
    scales = torch.tensor(augment.scales, dtype=torch.float64)
    chosen = torch.randint(len(scales), (len(sizes),), generator=generator)
    return _squares(sizes, sizes.amin(1) * scales[chosen], generator)


def _short_side(augment: Augment, sizes: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Squares as large as the clip once the short side has its drawn length.

    They are cut from the source, so that pixels are resampled once.
    """
    low, high = augment.short_side
    draws = torch.rand(len(sizes), generator=generator, dtype=torch.float64)
    if augment.law == "uniform":
        factors = low + draws * (high - low)
    else:
        factors = 1 / (1 / high + draws * (1 / low - 1 / high))
    return _squares(sizes, sizes.amin(1) / factors, generator)


def _squares(sizes: torch.Tensor, sides: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    """Squares of these sides, rounded, anywhere in frames of these (height, width)."""
    whole = sides.round().long().clamp_min(1)
    places = torch.rand(len(sizes), 2, generator=generator, dtype=torch.float64)
    corner = (places * (sizes - whole[:, None] + 1)).long()
    return torch.cat([corner, whole[:, None], whole[:, None]], dim=1)


def _centre(_: Augment, sizes: torch.Tensor, __: torch.Generator) -> torch.Tensor:
    """The centred square of the full short side."""
    side = sizes.amin(1, keepdim=True)
    corner = (sizes - side) // 2
    return torch.cat([corner, side, side], dim=1)


CROPS: Mapping[str, Callable[[Augment, torch.Tensor, torch.Generator], torch.Tensor]] = {
    "area": _area,
    "multiscale": _multiscale,
    "short_side": _short_side,
    "centre": _centre,
}
"""(augmentation, (B, 2) heights and widths, generator) -> (B, 4) boxes, by the recipe's `crop`."""


def _uniform(bounds: tuple[float, float], count: int, generator: torch.Generator) -> torch.Tensor:
    draws = torch.rand(count, ATTEMPTS, generator=generator, dtype=torch.float64)
    return bounds[0] + draws * (bounds[1] - bounds[0])


def _fallback(height: int, width: int, ratio: tuple[float, float]) -> tuple[int, int, int, int]:
    """The centred box of the full short side, its aspect clamped to the range."""
    tall, wide = height, width
    if width / height < ratio[0]:
        tall = round(width / ratio[0])
    elif width / height > ratio[1]:
        wide = round(height * ratio[1])
    return (height - tall) // 2, (width - wide) // 2, tall, wide


def _short_side_to(side: int, height: int, width: int) -> tuple[int, int]:
    if height <= width:
        return side, int(side * width / height)
    return int(side * height / width), side
