"""S3D from torchvision, without its classifier.

Xie et al., "Rethinking Spatiotemporal Feature Learning", ECCV 2018. torchvision averages over
windows of 2 x 7 x 7 and then over these, which fits 16 frames or more of 224 x 224; here the whole
map is averaged, the same for 16 frames of 224 x 224 and possible for any clip.
"""

from typing import TYPE_CHECKING, cast

from severe_bench.models.backbone import Backbone
from severe_bench.models.stages import Stages

if TYPE_CHECKING:
    from torch import nn


def _build() -> "nn.Module":
    from torch import nn
    from torchvision.models import video

    network = cast(nn.Module, video.s3d(weights=None))
    network.avgpool = nn.AdaptiveAvgPool3d(1)
    network.classifier = nn.Identity()
    return network


MAPS = Stages(("features.0", "features.3", "features.6", "features.12", "features.15"))
S3D = Backbone("s3d", 1024, _build, maps=MAPS)
