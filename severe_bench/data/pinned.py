"""Decoded frames in pinned memory, which a CUDA device fetches without the processor's help."""

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import TypeVar, cast

import numpy as np
import torch

Item = TypeVar("Item")

FRAMES_DIMENSIONS = 4
"""Of decoded frames: (T, H, W, 3) uint8."""


def pinned(
    item: Item, pin: Callable[[torch.Tensor], torch.Tensor] = torch.Tensor.pin_memory
) -> Item:
    """What a reader read, with its frames as pinned tensors; all else stays as it is.

    Frames are looked for in lists and in the fields of dataclasses. They become tensors, not arrays
    over pinned memory, because torch must see the tensor that it copies from: it keeps the memory
    until the copy is done.

    Args:
        item: e.g. a list of `TimedClip`.
        pin: copies a tensor into pinned memory.
    """
    if isinstance(item, list):
        return cast(Item, [pinned(one, pin) for one in item])
    if isinstance(item, np.ndarray):
        frames = item.dtype == np.uint8 and item.ndim == FRAMES_DIMENSIONS
        return cast(Item, pin(torch.from_numpy(item))) if frames else item
    if is_dataclass(item) and not isinstance(item, type):
        values = {field.name: getattr(item, field.name) for field in fields(item) if field.init}
        return replace(item, **{name: pinned(value, pin) for name, value in values.items()})
    return item
