"""torch.compile with a way out: a network that cannot be compiled here runs as it is, and says so.

Compiling happens in the first call, and fails there where the machine has no C++ compiler or no
triton, or torch cannot translate an operation.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn

from severe_bench.core.remarks import remark

RECOMPILES = 64
"""Variants of one function that torch compiles, e.g. for other shapes; its own limit of 8 is less
than a network of many different parts has."""

LOWERED_AT_ONCE = "force_non_lazy_backward_lowering"
"""torch's setting that compiles the backward pass with the forward pass; not in all versions."""


def compile_parts(module: nn.Module) -> None:
    """Compile the direct children of a module in place, or itself when it has none.

    When the first call of any of them, or a later one with other shapes, cannot be compiled, all
    go on without, and a remark says why. Names in the state dict stay as they are.
    """
    _begin()
    parts = list(module.children()) or [module]
    for part in parts:
        part._compiled_call_impl = _Guarded(part, parts, torch.compile(part._call_impl))


@dataclass(frozen=True)
class _Guarded:
    """The call of a part of a network.

    Args:
        part: the module called.
        parts: all that were compiled with it.
        compiled: its call.
    """

    part: nn.Module
    parts: list[nn.Module]
    compiled: Callable[..., object]

    def __call__(self, *inputs: object, **named: object) -> object:
        """Outputs; an error that is the network's own is raised by the second call."""
        try:
            return self.compiled(*inputs, **named)
        except Exception as error:
            reason = _first_line(error)
        outputs: object = self.part._call_impl(*inputs, **named)  # type: ignore[no-untyped-call]
        self._give_up(reason)
        return outputs

    def _give_up(self, reason: str) -> None:
        for part in self.parts:
            part._compiled_call_impl = None
        remark(f"torch.compile failed, the network ran without it: {reason}")


def _first_line(reason: Exception) -> str:
    """What torch says first, after the name of what it is about."""
    inner = getattr(reason, "inner_exception", None) or reason
    lines = [line.strip() for line in str(inner).splitlines() if line.strip()]
    return f"{type(inner).__name__}: {lines[0] if lines else 'no reason given'}"


def _begin() -> None:
    """Forget earlier cells' networks, and have every failure raised in the forward pass.

    torch counts the variants of a function over the whole process, and beyond its limit runs the
    function as it is without a word. Backward passes it compiles when they first run, where there
    is no way back.
    """
    torch.compiler.reset()
    config = torch._dynamo.config
    config.cache_size_limit = RECOMPILES  # the names that torch 2.6 has too
    config.fail_on_cache_limit_hit = True
    if hasattr(torch._functorch.config, LOWERED_AT_ONCE):
        setattr(torch._functorch.config, LOWERED_AT_ONCE, True)
