"""How wide the maps of a backbone are."""

import torch
from torch import nn

from severe_bench.config.recipe import Clip
from severe_bench.models.maps import feature_maps


@torch.no_grad()
def map_width(name: str, backbone: nn.Module, clip: Clip) -> int:
    """Channels of a backbone's last maps; its mode is left as it was.

    Args:
        name: of the backbone.
        backbone: built under that name, on the CPU.
        clip: that it can read.

    Raises:
        UserError: it is not known where its maps are.
    """
    training = backbone.training
    backbone.eval()
    clips = torch.zeros(1, 3, clip.frames, clip.size, clip.size)
    width = feature_maps(name, backbone, clips).shape[1]
    backbone.train(training)
    return int(width)
