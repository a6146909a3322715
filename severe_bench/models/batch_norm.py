"""Settings of batch normalisation that released checkpoints were trained with."""

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm


def set_eps(network: nn.Module, eps: float) -> nn.Module:
    """Set the epsilon of every batch normalisation in `network`, and return it."""
    for module in network.modules():
        if isinstance(module, _BatchNorm):
            module.eps = eps
    return network
