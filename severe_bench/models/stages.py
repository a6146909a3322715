"""Where the maps of a network lie: the submodules whose outputs they are; light to import."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import Tensor


def _as_they_are(maps: "Tensor") -> "Tensor":
    return maps


Grid = tuple[int, int, int]


@dataclass(frozen=True)
class Stages:
    """The parts that a forward pass goes through, and how their outputs become maps.

    Args:
        names: of submodules, first to last; the last one's maps are what the network pools.
        arrange: a submodule's output -> maps (B, C, T', H', W'), each submodule called once in a
            forward pass. Where left out, the outputs are maps.
    """

    names: tuple[str, ...]
    arrange: "Callable[[Any], Tensor]" = _as_they_are


def channels_last(output: "Tensor") -> "Tensor":
    """Maps of an output (B, T', H', W', C)."""
    return output.permute(0, 4, 1, 2, 3)


def grid_of(tokens: "Tensor", grid: Grid, first: int = 0) -> "Tensor":
    """Maps of tokens (B, first + T' * H' * W', C), place by place, frame after frame.

    Args:
        tokens: of a transformer.
        grid: (T', H', W').
        first: tokens before those of the grid (the class token), which are left out.
    """
    batch, _, width = tokens.shape
    return tokens[:, first:].reshape(batch, *grid, width).movedim(-1, 1)
