"""The modules of I3D, with TensorFlow's `SAME` padding (more at the end than at the beginning)."""

import torch
import torch.nn.functional as F
from torch import nn

Triple = tuple[int, int, int]

MIXED = {
    "mixed_3b": (192, (64, 96, 128, 16, 32, 32)),
    "mixed_3c": (256, (128, 128, 192, 32, 96, 64)),
    "mixed_4b": (480, (192, 96, 208, 16, 48, 64)),
    "mixed_4c": (512, (160, 112, 224, 24, 64, 64)),
    "mixed_4d": (512, (128, 128, 256, 24, 64, 64)),
    "mixed_4e": (512, (112, 144, 288, 32, 64, 64)),
    "mixed_4f": (528, (256, 160, 320, 32, 128, 128)),
    "mixed_5b": (832, (256, 160, 320, 32, 128, 128)),
    "mixed_5c": (832, (384, 192, 384, 48, 128, 128)),
}
"""Input width, then widths of branch 0, branch 1 (two), branch 2 (two), branch 3."""


class I3d(nn.Module):
    """Stem of three convolutions, nine Inception blocks, global average pool."""

    def __init__(self) -> None:
        super().__init__()
        self.conv3d_1a_7x7 = Unit(3, 64, (7, 7, 7), (2, 2, 2))
        self.pool_2a = Pool((1, 3, 3), (1, 2, 2))
        self.conv3d_2b_1x1 = Unit(64, 64)
        self.conv3d_2c_3x3 = Unit(64, 192, (3, 3, 3))
        self.pool_3a = Pool((1, 3, 3), (1, 2, 2))
        self.mixed_3b = Mixed(*MIXED["mixed_3b"])
        self.mixed_3c = Mixed(*MIXED["mixed_3c"])
        self.pool_4a = Pool((3, 3, 3), (2, 2, 2))
        self.mixed_4b = Mixed(*MIXED["mixed_4b"])
        self.mixed_4c = Mixed(*MIXED["mixed_4c"])
        self.mixed_4d = Mixed(*MIXED["mixed_4d"])
        self.mixed_4e = Mixed(*MIXED["mixed_4e"])
        self.mixed_4f = Mixed(*MIXED["mixed_4f"])
        self.pool_5a = Pool((2, 2, 2), (2, 2, 2))
        self.mixed_5b = Mixed(*MIXED["mixed_5b"])
        self.mixed_5c = Mixed(*MIXED["mixed_5c"])

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        """Clips (B, 3, T, H, W), float and normalised, to features (B, 1024)."""
        maps = clips
        for stage in self.children():  # in the order in which they were made
            maps = stage(maps)
        return maps.mean(dim=(2, 3, 4))


class Unit(nn.Module):
    """Convolution without bias, batch normalisation, ReLU."""

    def __init__(
        self, inside: int, outside: int, kernel: Triple = (1, 1, 1), stride: Triple = (1, 1, 1)
    ) -> None:
        super().__init__()
        self.padding = _same(kernel, stride)
        self.conv3d = nn.Conv3d(inside, outside, kernel, stride=stride, bias=False)
        self.batch3d = nn.BatchNorm3d(outside)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Maps (B, inside, T, H, W) to (B, outside, ...)."""
        return torch.relu(self.batch3d(self.conv3d(F.pad(maps, self.padding))))


class Pool(nn.Module):
    """Maximum, padded with zeros: its inputs come from a ReLU."""

    def __init__(self, kernel: Triple, stride: Triple) -> None:
        super().__init__()
        self.padding = _same(kernel, stride)
        self.pool = nn.MaxPool3d(kernel, stride, ceil_mode=True)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Maps (B, C, T, H, W) to (B, C, ...)."""
        pooled: torch.Tensor = self.pool(F.pad(maps, self.padding))
        return pooled


class Mixed(nn.Module):
    """An Inception block: four branches, joined."""

    def __init__(self, inside: int, widths: tuple[int, int, int, int, int, int]) -> None:
        super().__init__()
        cube = (3, 3, 3)
        self.branch_0 = Unit(inside, widths[0])
        self.branch_1 = nn.Sequential(Unit(inside, widths[1]), Unit(widths[1], widths[2], cube))
        self.branch_2 = nn.Sequential(Unit(inside, widths[3]), Unit(widths[3], widths[4], cube))
        self.branch_3 = nn.Sequential(Pool(cube, (1, 1, 1)), Unit(inside, widths[5]))

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Maps (B, inside, T, H, W) to (B, sum of the branches, T, H, W)."""
        return torch.cat([branch(maps) for branch in self.children()], dim=1)


def _same(kernel: Triple, stride: Triple) -> tuple[int, ...]:
    """Padding in `F.pad`'s order, last dimension first."""
    along = [max(size - step, 0) for size, step in zip(kernel, stride, strict=True)]
    return tuple(side for pad in reversed(along) for side in (pad // 2, pad - pad // 2))
