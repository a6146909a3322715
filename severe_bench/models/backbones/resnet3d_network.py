"""The modules of 3D-ResNets."""

import torch
from torch import nn

Triple = tuple[int, int, int]


class BasicBlock(nn.Module):
    """Two 3 x 3 x 3 convolutions around a shortcut."""

    expansion = 1

    def __init__(self, inside: int, width: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv3d(inside, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm3d(width)
        self.conv2 = nn.Conv3d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm3d(width)
        self.downsample = _shortcut(inside, width, stride)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Maps (B, inside, T, H, W) to (B, width, T / stride, ...)."""
        inner = torch.relu(self.bn1(self.conv1(maps)))
        return torch.relu(self.bn2(self.conv2(inner)) + self.downsample(maps))


class Bottleneck(nn.Module):
    """1 x 1 x 1, 3 x 3 x 3, 1 x 1 x 1 around a shortcut."""

    expansion = 4

    def __init__(self, inside: int, width: int, stride: int) -> None:
        super().__init__()
        outside = width * self.expansion
        self.conv1 = nn.Conv3d(inside, width, 1, bias=False)
        self.bn1 = nn.BatchNorm3d(width)
        self.conv2 = nn.Conv3d(width, width, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm3d(width)
        self.conv3 = nn.Conv3d(width, outside, 1, bias=False)
        self.bn3 = nn.BatchNorm3d(outside)
        self.downsample = _shortcut(inside, outside, stride)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        """Maps (B, inside, T, H, W) to (B, 4 * width, T / stride, ...)."""
        inner = torch.relu(self.bn1(self.conv1(maps)))
        inner = torch.relu(self.bn2(self.conv2(inner)))
        return torch.relu(self.bn3(self.conv3(inner)) + self.downsample(maps))


class ResNet3d(nn.Module):
    """Stem with pooling, four layers, global average pool."""

    def __init__(
        self, block: type[BasicBlock | Bottleneck], blocks: tuple[int, int, int, int]
    ) -> None:
        super().__init__()
        self.conv1 = nn.Conv3d(3, 64, 7, (1, 2, 2), 3, bias=False)
        self.bn1 = nn.BatchNorm3d(64)
        self.maxpool = nn.MaxPool3d(3, 2, 1)
        inside = 64
        for number, count in enumerate(blocks):
            width, stride = 64 * 2**number, 1 if number == 0 else 2
            first = block(inside, width, stride)
            inside = width * block.expansion
            rest = [block(inside, width, 1) for _ in range(count - 1)]
            self.add_module(f"layer{number + 1}", nn.Sequential(first, *rest))
        self._initialise()

    def forward(self, clips: torch.Tensor) -> torch.Tensor:
        """Clips (B, 3, T, H, W), float and normalised, to features (B, 512 * expansion)."""
        maps = self.maxpool(torch.relu(self.bn1(self.conv1(clips))))
        for number in range(1, 5):
            maps = self.get_submodule(f"layer{number}")(maps)
        features: torch.Tensor = maps.mean(dim=(2, 3, 4))
        return features

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv3d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


def _shortcut(inside: int, outside: int, stride: int) -> nn.Module:
    if stride == 1 and inside == outside:
        return nn.Identity()
    conv = nn.Conv3d(inside, outside, 1, stride, bias=False)
    return nn.Sequential(conv, nn.BatchNorm3d(outside))
