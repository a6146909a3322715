"""Linear heads that read the same features: one product of matrices for all of them."""

from typing import TypeGuard

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def is_plain_linear(head: nn.Module) -> TypeGuard[nn.Linear]:
    """Whether a head is one linear layer with bias and nothing else."""
    return type(head) is nn.Linear and head.bias is not None


class LinearHeads(nn.Module):
    """Copies of a linear head with their own parameters: features (B, D) to H times (B, C).

    Weights (H, C, D) and biases (H, C) are those of one layer with H * C outputs.

    Args:
        head: initialised; every copy begins with its numbers.
        count: H.
    """

    alive: Tensor

    def __init__(self, head: nn.Linear, count: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(head.weight.detach().repeat(count, 1, 1))
        self.bias = nn.Parameter(head.bias.detach().repeat(count, 1))
        self.register_buffer("alive", torch.ones(count, dtype=torch.bool))

    def forward(self, features: Tensor) -> tuple[Tensor, ...]:
        """Outputs of every head."""
        return self.split(F.linear(features, self.weight.flatten(0, 1), self.bias.flatten()))

    def split(self, outputs: Tensor) -> tuple[Tensor, ...]:
        """Outputs (B, C) of each head from those (B, H * C) of the one layer."""
        heads: tuple[Tensor, ...] = outputs.view(len(outputs), *self.bias.shape).unbind(1)
        return heads

    def apart(self, number: int, head: nn.Module) -> nn.Module:
        """`head` with the numbers of the copy `number`."""
        own = {"weight": self.weight[number].detach(), "bias": self.bias[number].detach()}
        head.load_state_dict(own)
        return head
