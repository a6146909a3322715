"""A task's head with what the recipe adds to it: dropout, initialisation, spare outputs."""

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import nn

from severe_bench.config.recipe import Head
from severe_bench.core.errors import UserError
from severe_bench.tasks.task import Assignment

DEVIATION = 0.01
"""Of `init: normal` (SEVERE code, linear evaluation)."""


def shaped(assignment: Assignment, head: Head, classes: int) -> Assignment:
    """The assignment whose heads are as the recipe says; itself where it says nothing.

    Args:
        assignment: of the task.
        head: of the recipe.
        classes: of the dataset.

    Raises:
        UserError: spare outputs where there are fewer than classes.
    """
    if head == Head():
        return assignment
    if head.outputs is not None and head.outputs < classes:
        what = f"head.outputs: {head.outputs} are fewer than the {classes} classes"
        raise UserError(what, mend="leave it out, or raise it")
    made = replace(assignment, head=_made(assignment.head, head))
    return made if head.outputs is None else replace(made, merge=_cut(made.merge, classes))


def _made(plain: Callable[[int], nn.Module], head: Head) -> Callable[[int], nn.Module]:
    def build(width: int) -> nn.Module:
        module = plain(width) if head.outputs is None else _widened(plain(width), head.outputs)
        if head.init == "normal":
            _initialise(module)
        return nn.Sequential(nn.Dropout(head.dropout), module) if head.dropout else module

    return build


def _widened(module: nn.Module, outputs: int) -> nn.Module:
    if not isinstance(module, nn.Linear):
        mend = "head.outputs is for one linear layer over classes"
        raise UserError("the task's head has no classes to add outputs to", mend=mend)
    return nn.Linear(module.in_features, outputs)


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
