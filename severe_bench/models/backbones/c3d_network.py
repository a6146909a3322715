"""The modules of C3D; names of tensors are those of its ports to PyTorch (`conv3a`, `fc6`)."""

import torch
import torch.nn.functional as F
from torch import nn

GROUPS = (("conv1",), ("conv2",), ("conv3a", "conv3b"), ("conv4a", "conv4b"), ("conv5a", "conv5b"))
"""Convolutions between two poolings."""
DROPOUT = 0.5


class C3d(nn.Module):
    """Eight 3 x 3 x 3 convolutions with five poolings, then two fully connected layers."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = _conv(3, 64), _conv(64, 128)
        self.conv3a, self.conv3b = _conv(128, 256), _conv(256, 256)
        self.conv4a, self.conv4b = _conv(256, 512), _conv(512, 512)
        self.conv5a, self.conv5b = _conv(512, 512), _conv(512, 512)
        self.fc6, self.fc7 = nn.Linear(512 * 4 * 4, 4096), nn.Linear(4096, 4096)

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        """Clips (B, 3, 16, 112, 112), float and normalised, to features (B, 4096)."""
        maps = clips
        for number, group in enumerate(GROUPS):
            for name in group:
                maps = torch.relu(self.get_submodule(name)(maps))
            maps = _pooled(maps, number)
        hidden = F.dropout(torch.relu(self.fc6(maps.flatten(1))), DROPOUT, self.training)
        return torch.relu(self.fc7(hidden))


def _conv(inside: int, outside: int) -> nn.Conv3d:
    return nn.Conv3d(inside, outside, 3, padding=1)


def _pooled(maps: torch.Tensor, number: int) -> torch.Tensor:
    """The first pooling keeps the time; the last pads the sides, 7 pixels to 4."""
    if number == 0:
        return F.max_pool3d(maps, (1, 2, 2))
    return F.max_pool3d(maps, 2, padding=(0, 1, 1) if number == len(GROUPS) - 1 else 0)
