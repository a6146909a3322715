"""Small R(2+1)D networks: 3D convolutions factored into a spatial and a temporal one.

Tran et al., "A Closer Look at Spatiotemporal Convolutions for Action Recognition", CVPR 2018.
"""

from itertools import pairwise

import torch
from torch import nn

MIDDLE_STEP = 16
"""Middle widths are multiples of this: vectorised CPU kernels waste nothing."""


class R2Plus1d(nn.Module):
    """Stem, one residual block per width, global average pool.

    Args:
        stem: channels of the stem, which halves the sides with a 1 x 5 x 5 kernel.
        widths: of the blocks; every block halves the sides, all but the first halve the time.
    """

    def __init__(self, stem: int, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv3d(3, stem, (1, 5, 5), stride=(1, 2, 2), padding=(0, 2, 2), bias=False),
            nn.BatchNorm3d(stem),
            nn.ReLU(inplace=True),
            nn.Conv3d(stem, stem, (3, 1, 1), padding=(1, 0, 0), bias=False),
            nn.BatchNorm3d(stem),
            nn.ReLU(inplace=True),
        )
        blocks = [
            ResidualBlock(inside, outside, time_stride=1 if index == 0 else 2)
            for index, (inside, outside) in enumerate(pairwise((stem, *widths)))
        ]
        self.blocks = nn.Sequential(*blocks)

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        """Clips (B, 3, T, H, W), float and normalised, to features (B, widths[-1])."""
        maps: torch.Tensor = self.blocks(self.stem(clips))
        return maps.mean(dim=(2, 3, 4))


class ResidualBlock(nn.Module):
    """Two (2+1)D convolutions around a projected shortcut."""

    def __init__(self, inside: int, outside: int, time_stride: int) -> None:
        super().__init__()
        stride = (time_stride, 2, 2)
        self.first = _factored(inside, outside, time_stride, side_stride=2)
        self.first_norm = nn.BatchNorm3d(outside)
        self.second = _factored(outside, outside, time_stride=1, side_stride=1)
        self.second_norm = nn.BatchNorm3d(outside)
        self.shortcut = nn.Sequential(
            nn.Conv3d(inside, outside, 1, stride=stride, bias=False), nn.BatchNorm3d(outside)
        )

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Maps (B, inside, T, H, W) to (B, outside, T / time_stride, H / 2, W / 2)."""
        inner = torch.relu(self.first_norm(self.first(maps)))
        inner = self.second_norm(self.second(inner))
        return torch.relu(inner + self.shortcut(maps))


def middle_width(inside: int, outside: int) -> int:
    """Width that gives a (2+1)D convolution the parameters of a 3 x 3 x 3 one, rounded.

    Source: Tran et al. 2018, section 3.5.

    Example:
        >>> middle_width(64, 64)
        144
    """
    exact = 27 * inside * outside / (9 * inside + 3 * outside)
    return max(1, round(exact / MIDDLE_STEP)) * MIDDLE_STEP


def _factored(inside: int, outside: int, time_stride: int, side_stride: int) -> nn.Sequential:
    middle = middle_width(inside, outside)
    side = (1, side_stride, side_stride)
    return nn.Sequential(
        nn.Conv3d(inside, middle, (1, 3, 3), stride=side, padding=(0, 1, 1), bias=False),
        nn.BatchNorm3d(middle),
        nn.ReLU(inplace=True),
        nn.Conv3d(
            middle, outside, (3, 1, 1), stride=(time_stride, 1, 1), padding=(1, 0, 0), bias=False
        ),
    )
