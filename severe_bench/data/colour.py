"""Colour jitter of whole batches of clips: one factor per clip, all frames alike.

Every function takes clips (B, 3, T, H, W), float RGB in [0, 1], and factors (B,), changes the clips
in place and returns them. The definitions are those of `torchvision.transforms.v2.functional`.
"""

from collections.abc import Callable

import torch

LUMA = (0.2989, 0.587, 0.114)
"""Weights of red, green and blue in grey (ITU-R 601, as torchvision rounds them)."""

CACHED_BYTES = 1 << 20
"""Of pixels that a CPU takes through all operations at once: they then stay in its cache."""


def brightness(clips: torch.Tensor, factors: torch.Tensor) -> torch.Tensor:
    """Scale by the factor."""
    return clips.mul_(_wide(factors)).clamp_(0, 1)


def contrast(clips: torch.Tensor, factors: torch.Tensor) -> torch.Tensor:
    """Move away from the mean grey of each frame."""
    mean = _grey(clips).mean(dim=(-2, -1), keepdim=True)
    return _blend(clips, mean, _wide(factors))


def saturation(clips: torch.Tensor, factors: torch.Tensor) -> torch.Tensor:
    """Move away from each pixel's own grey."""
    return _blend(clips, _grey(clips), _wide(factors))


def hue(clips: torch.Tensor, factors: torch.Tensor) -> torch.Tensor:
    """Turn the hue by `factor` of the hue circle."""
    _turn_hue(clips, factors)
    return clips


OPERATIONS: tuple[Callable[[torch.Tensor, torch.Tensor], torch.Tensor], ...] = (
    brightness,
    contrast,
    saturation,
    hue,
)
IDENTITY = (1.0, 1.0, 1.0, 0.0)
"""The factor of each operation that changes nothing."""


def jitter(clips: torch.Tensor, factors: torch.Tensor, order: torch.Tensor) -> torch.Tensor:
    """Apply the four operations to each clip in its own order, in place.

    Args:
        clips: (B, 3, T, H, W) float in [0, 1].
        factors: (B, 4) on the CPU, columns as in `OPERATIONS`.
        order: (B, 4) on the CPU, each row a permutation of 0..3.

    An operation that is the identity for the whole batch is skipped.
    """
    active = [k for k in range(4) if bool((factors[:, k] != IDENTITY[k]).any())]
    if clips.device.type == "cpu":
        _in_cache(clips, factors, order, active)
    else:
        _at_once(clips, factors, order, active)
    return clips


def _in_cache(
    clips: torch.Tensor, factors: torch.Tensor, order: torch.Tensor, active: list[int]
) -> None:
    """Some frames of one clip at a time through all operations; no operation mixes frames."""
    frames = max(1, CACHED_BYTES // max(1, clips[0, :, 0].nbytes))
    for row, operations in enumerate(order.tolist()):
        amounts = factors[row : row + 1]
        for part in torch.split(clips[row : row + 1], frames, dim=2):
            for operation in operations:
                if operation in active:
                    OPERATIONS[operation](part, amounts[:, operation])


def _at_once(
    clips: torch.Tensor, factors: torch.Tensor, order: torch.Tensor, active: list[int]
) -> None:
    """One operation after another, each on all clips for which it comes in this place."""
    for place in range(order.shape[1]):
        for operation in active:
            chosen = torch.nonzero(order[:, place] == operation)[:, 0]
            if len(chosen):
                _apply_to(clips, chosen, factors, operation)


def _apply_to(
    clips: torch.Tensor, chosen: torch.Tensor, factors: torch.Tensor, operation: int
) -> None:
    amounts = factors[chosen, operation].to(clips.device)
    if len(chosen) == len(clips):
        OPERATIONS[operation](clips, amounts)
        return
    rows = chosen.to(clips.device)
    clips.index_copy_(0, rows, OPERATIONS[operation](clips.index_select(0, rows), amounts))


def _turn_hue(clips: torch.Tensor, factors: torch.Tensor) -> None:
    """No pixel is asked which of its channels is largest: choosing costs more than arithmetic.

    With the largest channel M, the least m and C = M - m, the hue in sixths of the circle is
    1 + (green + blue - red - m) / C away from red: towards green where green is above blue, else
    towards blue. Turned to h, red is m + C clip(|h - 3| - 1), green M - C clip(|h - 2| - 1) and
    blue M - C clip(|h - 4| - 1), each clipped to [0, 1].
    """
    red, green, blue = clips.unbind(1)
    largest = torch.maximum(torch.maximum(red, green), blue)
    least = torch.minimum(torch.minimum(red, green), blue)
    chroma = largest - least
    angle = (green + blue).sub_(red).sub_(least).div_(chroma.clamp_min(1e-12)).add_(1)
    angle.copysign_(green - blue).add_(6 * _wide(factors)[:, 0])
    angle.sub_((angle / 6).floor_(), alpha=6)
    for channel, centre, from_end, sign in (
        (red, 3, least, 1),
        (green, 2, largest, -1),
        (blue, 4, largest, -1),
    ):
        part = (angle - centre).abs_().sub_(1).clamp_(0, 1)
        torch.addcmul(from_end, part, chroma, value=sign, out=channel)


def _wide(factors: torch.Tensor) -> torch.Tensor:
    return factors.view(-1, 1, 1, 1, 1)


def _grey(clips: torch.Tensor) -> torch.Tensor:
    """(B, 1, T, H, W)."""
    red, green, blue = clips[:, 0:1], clips[:, 1:2], clips[:, 2:3]
    return (red * LUMA[0]).add_(green, alpha=LUMA[1]).add_(blue, alpha=LUMA[2])


def _blend(clips: torch.Tensor, other: torch.Tensor, factors: torch.Tensor) -> torch.Tensor:
    return clips.mul_(factors).add_(other * (1 - factors)).clamp_(0, 1)
