"""From the names in a checkpoint file to those of a backbone."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor

from severe_bench.models.layout import Layout
from severe_bench.models.reading import StateDict


@dataclass(frozen=True)
class Named:
    """A file's tensors under a layout.

    Args:
        tensors: by the backbone's names.
        strays: names in the file that have no place: outside the layout's root and not among its
            leftovers, or a second tensor for one name.
    """

    tensors: StateDict
    strays: tuple[str, ...] = ()


def translate(tensors: Mapping[str, Tensor], layout: Layout) -> Named:
    """Apply a layout's rules to names; floating tensors become float32.

    Example:
        >>> import torch
        >>> from severe_bench.models.layout import Layout
        >>> moco = Layout("moco", root="encoder_q.", leftovers=("queue",))
        >>> file = dict.fromkeys(["module.encoder_q.stem.0.weight", "queue"], torch.zeros(1))
        >>> list(translate(file, moco).tensors)
        ['stem.0.weight']
    """
    named: StateDict = {}
    strays: list[str] = []
    for original, tensor in tensors.items():
        name = _unprefixed(original, layout)
        if any(re.fullmatch(pattern, name) for pattern in layout.leftovers):
            continue
        parts = _split(_renamed(name.removeprefix(layout.root), layout), tensor, layout)
        if not name.startswith(layout.root) or parts.keys() & named.keys():
            strays.append(original)
            continue
        named |= {ours: t.float() if t.is_floating_point() else t for ours, t in parts.items()}
    return Named(named, tuple(strays))


def _unprefixed(name: str, layout: Layout) -> str:
    for prefix in layout.prefixes:
        name = name.removeprefix(prefix)
    return name


def _split(name: str, tensor: Tensor, layout: Layout) -> StateDict:
    for pattern, replacements in layout.splits:
        found = re.fullmatch(pattern, name)
        if found and tensor.dim() and len(tensor) % len(replacements) == 0:
            parts = tensor.chunk(len(replacements))
            return dict(zip(map(found.expand, replacements), parts, strict=True))
    return {name: tensor}


def _renamed(name: str, layout: Layout) -> str:
    for pattern, replacement in layout.renames:
        name = re.sub(pattern, replacement, name)
    return name
