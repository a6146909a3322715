"""Optimisers by name, each with one learning rate for all trained parameters."""

from collections.abc import Iterable

import torch
from torch import nn

from severe_bench.config.recipe import Optimiser
from severe_bench.core.errors import UserError


def build_optimiser(spec: Optimiser, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """The optimiser over those parameters that require a gradient.

    `momentum` is SGD's momentum (not Nesterov) and Adam's beta 1; beta 2 is 0.999. Weight decay
    is an L2 penalty for `adam` and `sgd`, decoupled for `adamw`, and applies to every parameter.

    Raises:
        UserError: nothing to train.
    """
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    if not trained:
        raise UserError("nothing to train: no parameter requires a gradient")
    lr, decay, betas = spec.lr, spec.weight_decay, (spec.momentum, 0.999)
    if spec.name == "sgd":
        return torch.optim.SGD(trained, lr=lr, weight_decay=decay, momentum=spec.momentum)
    if spec.name == "adamw":
        return torch.optim.AdamW(trained, lr=lr, weight_decay=decay, betas=betas)
    return torch.optim.Adam(trained, lr=lr, weight_decay=decay, betas=betas)
