"""The modules of AVID-CMA's R(2+1)D."""

import torch
from torch import nn

SIDES, TIME, ALL = (1, 2, 2), (2, 1, 1), (2, 2, 2)


class AvidR2Plus1d(nn.Module):
    """Stem with pooling, four layers of two blocks, global maximum."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Sequential(
            nn.Conv3d(3, 64, (3, 7, 7), stride=SIDES, padding=(1, 3, 3), bias=False),
            nn.BatchNorm3d(64),
            nn.ReLU(inplace=True),
            nn.MaxPool3d((1, 3, 3), stride=SIDES, padding=(0, 1, 1)),
        )
        self.conv2x = nn.Sequential(AvidBlock(64, 64), AvidBlock(64, 64))
        self.conv3x = _layer(64, 128)
        self.conv4x = _layer(128, 256)
        self.conv5x = _layer(256, 512)

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        """Clips (B, 3, T, H, W), float and normalised, to features (B, 512)."""
        maps = self.conv3x(self.conv2x(self.conv1(clips)))
        maps = self.conv5x(self.conv4x(maps))
        return torch.amax(maps, dim=(2, 3, 4))


class AvidBlock(nn.Module):
    """Two factored convolutions; one normalisation after the sum with the shortcut."""

    def __init__(self, inside: int, outside: int, *, halve: bool = False) -> None:
        super().__init__()
        self.spt_conv1 = _spatial(inside, outside, SIDES if halve else (1, 1, 1))
        self.spt_bn1 = nn.BatchNorm3d(outside)
        self.tmp_conv1 = _temporal(outside, TIME if halve else (1, 1, 1))
        self.tmp_bn1 = nn.BatchNorm3d(outside)
        self.spt_conv2 = _spatial(outside, outside, (1, 1, 1))
        self.spt_bn2 = nn.BatchNorm3d(outside)
        self.tmp_conv2 = _temporal(outside, (1, 1, 1))
        self.out_bn = nn.BatchNorm3d(outside)
        self.res_conv = nn.Conv3d(inside, outside, 1, stride=ALL, bias=False) if halve else None

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Maps (B, inside, T, H, W) to (B, outside, ...), each side halved where asked for."""
        inner = torch.relu(self.spt_bn1(self.spt_conv1(maps)))
        inner = torch.relu(self.tmp_bn1(self.tmp_conv1(inner)))
        inner = self.tmp_conv2(torch.relu(self.spt_bn2(self.spt_conv2(inner))))
        shortcut = maps if self.res_conv is None else self.res_conv(maps)
        return torch.relu(self.out_bn(inner + shortcut))


def _layer(inside: int, outside: int) -> nn.Sequential:
    return nn.Sequential(AvidBlock(inside, outside, halve=True), AvidBlock(outside, outside))


def _spatial(inside: int, outside: int, stride: tuple[int, int, int]) -> nn.Conv3d:
    return nn.Conv3d(inside, outside, (1, 3, 3), stride=stride, padding=(0, 1, 1), bias=False)


def _temporal(width: int, stride: tuple[int, int, int]) -> nn.Conv3d:
    return nn.Conv3d(width, width, (3, 1, 1), stride=stride, padding=(1, 0, 0), bias=False)
