"""3D-ResNet-18 and -50 (Hara et al., "Can Spatiotemporal 3D CNNs Retrace ...?", CVPR 2018).

Names of tensors are those of the authors' PyTorch code, less `fc`.
"""

from functools import partial
from typing import TYPE_CHECKING

from severe_bench.models.backbone import Backbone
from severe_bench.models.stages import Stages

if TYPE_CHECKING:
    from torch import nn


def _build(blocks: tuple[int, int, int, int], *, bottleneck: bool) -> "nn.Module":
    from severe_bench.models.backbones.resnet3d_network import BasicBlock, Bottleneck, ResNet3d

    return ResNet3d(Bottleneck if bottleneck else BasicBlock, blocks)


MAPS = Stages(("maxpool", "layer1", "layer2", "layer3", "layer4"))
BASIC, DEEP = (2, 2, 2, 2), (3, 4, 6, 3)
RESNET3D_18 = Backbone("resnet3d_18", 512, partial(_build, BASIC, bottleneck=False), maps=MAPS)
RESNET3D_50 = Backbone("resnet3d_50", 2048, partial(_build, DEEP, bottleneck=True), maps=MAPS)
