"""Optimisers by name, each with one learning rate for all trained parameters."""

from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import nn

from severe_bench.config.recipe import Optimiser
from severe_bench.core.errors import UserError

NORMS = (
    nn.modules.batchnorm._NormBase,
    nn.LayerNorm,
    nn.GroupNorm,
)
"""Normalisation layers."""


def build_optimiser(
    spec: Optimiser,
    parameters: Iterable[nn.Parameter],
    norms: Iterable[nn.Parameter] = (),
    *,
    fused: bool = False,
) -> torch.optim.Optimizer:
    """The optimiser over those parameters that require a gradient.

    `momentum` is SGD's momentum and Adam's beta 1; beta 2 is 0.999. Weight decay is an L2 penalty
    for `adam` and `sgd`, decoupled for `adamw`.

    Args:
        spec: of the recipe.
        parameters: of the objective.
        norms: those of normalisation layers, which weight decay spares where the recipe says so.
        fused: see `Numerics`. Gradients must then lie in memory as their parameters do, as autograd
            lays them; torch does not check it.

    Raises:
        UserError: nothing to train.
    """
    trained = [parameter for parameter in parameters if parameter.requires_grad]
    if not trained:
        raise UserError("nothing to train: no parameter requires a gradient")
    groups = _groups(spec, trained, norms)
    lr, decay, betas = spec.lr, spec.weight_decay, (spec.momentum, 0.999)
    kernel = fused or None  # None is torch's default; False would rule out its foreach on CUDA
    if spec.name == "sgd":
        return torch.optim.SGD(
            groups,
            lr=lr,
            weight_decay=decay,
            momentum=spec.momentum,
            nesterov=spec.nesterov,
            fused=kernel,
        )
    if spec.name == "adamw":
        return torch.optim.AdamW(groups, lr=lr, weight_decay=decay, betas=betas, fused=kernel)
    return torch.optim.Adam(groups, lr=lr, weight_decay=decay, betas=betas, fused=kernel)


def norm_parameters(module: nn.Module) -> Iterator[nn.Parameter]:
    """Scales and shifts of all normalisation layers in a module."""
    for part in module.modules():
        if isinstance(part, NORMS):
            yield from part.parameters(recurse=False)


def _groups(
    spec: Optimiser, trained: list[nn.Parameter], norms: Iterable[nn.Parameter]
) -> list[dict[str, Any]]:
    """One group, or one with and one without weight decay."""
    spared = set() if spec.decay_norms else {id(parameter) for parameter in norms}
    decayed = [parameter for parameter in trained if id(parameter) not in spared]
    rest = [parameter for parameter in trained if id(parameter) in spared]
    groups: list[dict[str, Any]] = [{"params": decayed}] if decayed else []
    return [*groups, {"params": rest, "weight_decay": 0.0}] if rest else groups
