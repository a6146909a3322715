"""Do a file's tensors fit a network? Every name, shape and type has to."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Self

import torch
from torch import Tensor

from severe_bench.core.errors import UserError
from severe_bench.models.backbone import BACKBONES
from severe_bench.models.naming import Named

SHOWN = 3
"""Names listed in a message before it is cut short."""


@dataclass(frozen=True)
class Slot:
    """What a network expects under a name."""

    shape: tuple[int, ...]
    dtype: torch.dtype

    @classmethod
    def of(cls, tensor: Tensor) -> Self:
        """The slot that takes `tensor`."""
        return cls(tuple(tensor.shape), tensor.dtype)

    def takes(self, tensor: Tensor) -> bool:
        """Whether the tensor fits: shape, and any floating type for a floating one."""
        floating = self.dtype.is_floating_point and tensor.is_floating_point()
        return tuple(tensor.shape) == self.shape and (floating or tensor.dtype == self.dtype)

    def __str__(self) -> str:
        """Shape, and type where it is not floating."""
        kind = "" if self.dtype.is_floating_point else f" {self.dtype}".replace("torch.", "")
        return f"{self.shape}{kind}"


Slots = Mapping[str, Slot]


@dataclass(frozen=True)
class Match:
    """How a file's tensors lie against a network's.

    Args:
        matched: number of tensors with equal name, shape and type.
        missing: names of the network that the file lacks.
        unexpected: names of the file that the network lacks, as the file has them where they found
            no place at all.
        wrong_shape: names in both, of another shape or type.
        details: of `wrong_shape`, in words.
    """

    matched: int
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    wrong_shape: tuple[str, ...]
    details: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether all tensors of both fit."""
        return not (self.missing or self.unexpected or self.wrong_shape)

    @property
    def nearness(self) -> float:
        """From 0 (nothing in common) to 1 (all fits); a wrong shape counts half."""
        known = self.matched + len(self.wrong_shape)
        total = known + len(self.missing) + len(self.unexpected)
        return (self.matched + len(self.wrong_shape) / 2) / max(1, total)

    def __str__(self) -> str:
        """The differences in one line, each kind with its first names."""
        kinds = {
            "missing": self.missing,
            "unexpected": self.unexpected,
            "of another shape": self.details,
        }
        found = [f"{len(names)} {kind}: {_some(names)}" for kind, names in kinds.items() if names]
        return "; ".join(found)


def match(named: Named, slots: Slots) -> Match:
    """Compare a file's tensors with what a network expects."""
    tensors = named.tensors
    wrong = {n: t for n, t in tensors.items() if n in slots and not slots[n].takes(t)}
    known = sum(name in slots for name in tensors)
    return Match(
        matched=known - len(wrong),
        missing=tuple(name for name in slots if name not in tensors),
        unexpected=(*(name for name in tensors if name not in slots), *named.strays),
        wrong_shape=tuple(wrong),
        details=tuple(f"{n} {Slot.of(t)} instead of {slots[n]}" for n, t in wrong.items()),
    )


def slots_of(tensors: Mapping[str, Tensor]) -> Slots:
    """The slots of a network's state dict."""
    return {name: Slot.of(tensor) for name, tensor in tensors.items()}


@lru_cache(maxsize=64)
def backbone_slots(name: str) -> Slots:
    """The slots of a registered backbone; built without memory for its numbers."""
    return built_slots(name, {})


def built_slots(name: str, kwargs: Mapping[str, object]) -> Slots:
    """Likewise, of a backbone with these arguments.

    Raises:
        UserError: it does not take them.
    """
    try:
        with torch.device("meta"):
            return slots_of(BACKBONES.get(name).build(**kwargs).state_dict())
    except TypeError as error:
        raise UserError(f"backbone {name}: {error}", mend="check its kwargs") from error


def _some(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more
