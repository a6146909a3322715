"""What members of a lockstep train, and how those of one pace lie beside each other.

A member is one linear head, or several on the same batches with a rate and a decay of their own.
Its numbers are a row (`adapt.products`); one optimiser, of the kind that the member has alone,
moves all rows of a stack. All it does is elementwise, so that no member notices the others.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from severe_bench.adapt.linear_heads import LinearHeads
from severe_bench.adapt.many_heads import HeadsObjective, HeadsOptimiser
from severe_bench.adapt.products import HeadShape
from severe_bench.config.recipe import Optimiser
from severe_bench.tasks.task import Assignment
from severe_bench.train.loop import Training
from severe_bench.train.optim import build_optimiser


@dataclass(frozen=True)
class Part:
    """Numbers of all members that an optimiser moves as one.

    Args:
        moved: some or all numbers of the rows, with their gradients.
        own: by the name of a member's parameter: from a tensor that lies as `moved` does to the
            parameters (K, ...) of the K members.
    """

    moved: nn.Parameter
    own: Mapping[str, Callable[[Tensor], Tensor]]


class Stack:
    """Rows of members that take the same steps at the same rates.

    Args:
        parts: all that trains.
        optimiser: of the parts.
    """

    def __init__(self, parts: Sequence[Part], optimiser: torch.optim.Optimizer) -> None:
        self._parts, self._optimiser = parts, optimiser

    def step(self, lr: float) -> None:
        """One update of every member, from the gradients that are there."""
        for group in self._optimiser.param_groups:
            group["lr"] = lr
        self._optimiser.step()

    @torch.no_grad()
    def take(self, number: int, training: Training) -> None:
        """Numbers and optimiser state of a member into row `number`."""
        for part in self._parts:
            state = self._optimiser.state[part.moved]
            for name, own in part.own.items():
                parameter = training.objective.module.get_parameter(name)
                own(part.moved)[number] = parameter
                for key, value in training.optimiser.state.get(parameter, {}).items():
                    if _is_whole(value):
                        state[key] = copy.deepcopy(value)
                        continue
                    own(state.setdefault(key, torch.zeros_like(part.moved)))[number] = value

    @torch.no_grad()
    def give(self, number: int, training: Training) -> None:
        """What `take` took, as it is now, back to the member."""
        for part in self._parts:
            state = self._optimiser.state.get(part.moved, {})
            for name, own in part.own.items():
                parameter = training.objective.module.get_parameter(name)
                parameter.copy_(own(part.moved)[number])
                if state:
                    training.optimiser.state[parameter] = {
                        key: _of_member(value, own, number) for key, value in state.items()
                    }
        groups = zip(training.optimiser.param_groups, self._optimiser.param_groups, strict=True)
        for group, mine in groups:
            group["lr"] = mine["lr"]


@dataclass(frozen=True)
class OneHead:
    """A member that is one linear head with bias.

    Args:
        head: what trains.
        assignment: gives the loss.
        spec: of its optimiser.
    """

    head: nn.Linear
    assignment: Assignment
    spec: Optimiser

    @property
    def count(self) -> int:
        """Heads."""
        return 1

    @property
    def shape(self) -> HeadShape:
        """Of its row."""
        return HeadShape(*self.head.weight.shape)

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Of outputs (B, C)."""
        return self.assignment.loss(outputs, targets)

    def stack(self, rows: Tensor, gradients: Tensor) -> Stack:
        """Of rows (K, R) and their gradients, under torch's own optimiser."""
        moved = _parameter(rows, gradients)
        part = Part(moved, {"weight": self.shape.weight, "bias": self.shape.bias})
        return Stack([part], build_optimiser(self.spec, [moved]))


@dataclass(frozen=True)
class SeveralHeads:
    """A member that is several linear heads; one without a finite loss is out.

    Args:
        heads: what trains.
        objective: gives the joined loss.
        specs: of each head.
    """

    heads: LinearHeads
    objective: HeadsObjective
    specs: Sequence[Optimiser]

    @property
    def count(self) -> int:
        """H."""
        return len(self.specs)

    @property
    def shape(self) -> HeadShape:
        """Of its row: that of one layer with all outputs."""
        return HeadShape(self.heads.bias.numel(), self.heads.weight.shape[-1])

    def loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Of outputs (B, H * C)."""
        return self.objective.joined(self.heads.split(outputs), targets)

    def stack(self, rows: Tensor, gradients: Tensor) -> Stack:
        """Of rows (K, R) and their gradients, heads before members."""
        ways = {"weight": self.shape.weight, "bias": self.shape.bias}
        moved = {
            name: _parameter(self._heads_first(way(rows)), self._heads_first(way(gradients)))
            for name, way in ways.items()
        }
        parts = [Part(numbers, {name: _members_first}) for name, numbers in moved.items()]
        return Stack(parts, HeadsOptimiser(nn.ParameterDict(moved), self.specs))

    def _heads_first(self, numbers: Tensor) -> Tensor:
        """(K, H * C, ...) as (H, K, C, ...)."""
        return numbers.view(len(numbers), *self.heads.bias.shape, *numbers.shape[2:]).transpose(
            0, 1
        )


def _members_first(numbers: Tensor) -> Tensor:
    return numbers.transpose(0, 1)


def _parameter(numbers: Tensor, gradients: Tensor) -> nn.Parameter:
    parameter = nn.Parameter(numbers)
    parameter.grad = gradients
    return parameter


def _is_whole(value: object) -> bool:
    """Whether a state is one number for all, as the count of steps is."""
    return not isinstance(value, Tensor) or value.dim() == 0


def _of_member(value: object, own: Callable[[Tensor], Tensor], number: int) -> object:
    """A state's copy that lies as one of a parameter of its own does."""
    if isinstance(value, Tensor) and not _is_whole(value):
        return own(value)[number].clone(memory_format=torch.contiguous_format)
    return copy.deepcopy(value)
