"""Where and in which arithmetic a network runs: device, memory layout, precision, compilation."""

from collections.abc import Mapping

import torch
from torch import nn

from severe_bench.config.recipe import Numerics
from severe_bench.train.compiling import compile_parts


def place(module: nn.Module, numerics: Numerics, device: str) -> None:
    """Move `module` to the device in place, with layout, norms' eps and compilation asked for.

    The direct children are compiled (the module itself when it has none), because an objective's
    outer module is often a mere container; names in the state dict stay as they are.
    """
    module.to(device)
    if numerics.norm_eps is not None:
        for part in module.modules():
            if isinstance(part, nn.modules.batchnorm._BatchNorm):
                part.eps = numerics.norm_eps
    if numerics.channels_last:
        for parameter in module.parameters():
            parameter.data = _channels_last(parameter.data)
    if numerics.compile:
        compile_parts(module)


def lay_out(inputs: Mapping[str, torch.Tensor], numerics: Numerics) -> dict[str, torch.Tensor]:
    """The inputs with clips (five dimensions) in the memory layout asked for; values unchanged."""
    if not numerics.channels_last:
        return dict(inputs)
    return {name: _channels_last(tensor) for name, tensor in inputs.items()}


def arithmetic(numerics: Numerics, device: str) -> torch.autocast:
    """Context in which forward passes run: `bf16` autocasts, `fp32` changes nothing."""
    kind = torch.device(device).type
    return torch.autocast(kind, dtype=torch.bfloat16, enabled=numerics.precision == "bf16")


def _channels_last(tensor: torch.Tensor) -> torch.Tensor:
    if tensor.dim() != 5:
        return tensor
    return tensor.contiguous(memory_format=torch.channels_last_3d)
