"""A task's head with what the recipe adds to it: dropout, initialisation, spare outputs."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from severe_bench.adapt.network import seeded_head
from severe_bench.config.recipe import Head
from severe_bench.core.errors import UserError
from severe_bench.tasks.task import Assignment, Task

DEVIATION = 0.01
"""Of `init: normal` (SEVERE code, linear evaluation)."""


def shaped(task: Task[Any], assignment: Assignment, head: Head) -> Assignment:
    """The assignment whose heads are as the recipe says; itself where it says nothing.

    Args:
        task: of the assignment.
        assignment: to be shaped.
        head: of the recipe.

    Raises:
        UserError: spare outputs where there is no linear layer over classes, or fewer of them than
            it has.
    """
    if head == Head():
        return assignment
    made = replace(assignment, head=_made(assignment.head, head))
    if head.outputs is None:
        return made
    own = _own_outputs(task, assignment)
    if head.outputs < own:
        what = f"head.outputs: {head.outputs} are fewer than the {own} classes"
        raise UserError(what, f"task {task.name}", "leave it out, or raise it")
    return replace(made, merge=_cut(made.merge, own))


def _own_outputs(task: Task[Any], assignment: Assignment) -> int:
    """Outputs of the task's own head."""
    module = seeded_head(assignment, 1, 0) if task.spare_outputs else None
    if not isinstance(module, nn.Linear):
        mend = "leave head.outputs out"
        raise UserError("its head has no classes to add outputs to", f"task {task.name}", mend)
    return module.out_features


def _made(plain: Callable[[int], nn.Module], head: Head) -> Callable[[int], nn.Module]:
    def build(width: int) -> nn.Module:
        module = plain(width) if head.outputs is None else nn.Linear(width, head.outputs)
        if head.init == "normal":
            _initialise(module)
        return nn.Sequential(nn.Dropout(head.dropout), module) if head.dropout else module

    return build


def _initialise(module: nn.Module) -> None:
    for part in module.modules():
        if isinstance(part, nn.Linear):
            nn.init.normal_(part.weight, std=DEVIATION)
            nn.init.zeros_(part.bias)


Merge = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def _cut(merge: Merge, classes: int) -> Merge:
    def merged(outputs: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        return merge(outputs, weights)[..., :classes]

    return merged
