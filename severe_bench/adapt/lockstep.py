"""Linear heads of several cells on the same features, trained step by step beside each other.

Each cell has its own videos, batches, learning rate and length of training, and must not notice the
others: on a CPU with one thread every head ends with the bits that `train.loop.fit` gives it alone,
in whatever company. What is done for all heads at once is therefore either elementwise (torch's own
optimisers, over heads that take the same steps) or a batched matrix product (`adapt.products`). On
CUDA, where kernels add in other orders, company changes rounding.
"""

import itertools
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from severe_bench.adapt.features import FeatureTable
from severe_bench.adapt.inputs import Inputs
from severe_bench.adapt.probing import FeatureBatches, Learner, scaling_of
from severe_bench.adapt.products import HeadShape, Products
from severe_bench.core.errors import Interrupted
from severe_bench.core.session import Progress, Session
from severe_bench.tasks.task import Assignment
from severe_bench.train.checkpoint import Tally
from severe_bench.train.loop import Training, seeded
from severe_bench.train.optim import build_optimiser


@dataclass(frozen=True)
class Member:
    """One cell's training: a linear head with bias, at whatever step it is.

    Args:
        training: its head, optimiser, tally and place.
        source: its batches.
        assignment: gives the loss.
    """

    training: Training
    source: FeatureBatches
    assignment: Assignment

    @property
    def head(self) -> nn.Linear:
        """What trains."""
        head = self.training.objective.module
        assert isinstance(head, nn.Linear)  # noqa: S101 - see `can_join`
        return head

    @property
    def left(self) -> int:
        """Steps of the schedule that are not done."""
        return self.training.total - self.training.tally.steps

    @property
    def pace(self) -> tuple[int, int, int]:
        """Steps left, steps in an epoch, videos: equal where all steps and rates are."""
        return self.left, self.training.per_epoch, self.source.steps.records


def can_join(head: nn.Module) -> bool:
    """Whether a head can be a member's."""
    return type(head) is nn.Linear and head.bias is not None


def member_of(inputs: Inputs, table: FeatureTable) -> Member | None:
    """A cell's training as its own run would begin or resume it; None where it cannot join.

    Args:
        inputs: of the cell; its session's folder holds the checkpoint, if there is one.
        table: of all training features.
    """
    train = table.of(inputs.train)
    if inputs.job.recipe.standardise and isinstance(train.features, np.ndarray):
        train = scaling_of(train)(train)
    learner, job = Learner.of(train, inputs), inputs.job
    objective, source = learner.objective, learner.source
    if not isinstance(source, FeatureBatches) or not can_join(objective.module):
        return None
    with seeded(job.seed, inputs.session.device):
        training = Training(objective, source, job.recipe, inputs.session, job.seed)
    return Member(training, source, inputs.assignment)


def train_together(members: Sequence[Member], session: Session) -> None:
    """Train all members to the ends of their schedules, each to its final `checkpoint.pt`.

    A member whose loss stops being finite leaves none; alone it fails at the same step.

    Args:
        members: of one recipe, task, width and device; at least one.
        session: says when to stop or checkpoint, and hears of progress; its folder is not used.

    Raises:
        Interrupted: after checkpoints of all, when the session asks to stop.
    """
    company = _Company(members)
    while company.unfinished:
        if session.should_stop():
            company.save()
            raise Interrupted(f"stopped after {company.done} of {company.total} steps")
        if session.checkpoint_due():
            company.save()
        company.step()
        session.report(Progress(f"train {len(members)} heads", company.done, company.total))


@dataclass(frozen=True)
class _Pool:
    """What all members learn from.

    Args:
        features, targets: (M, D) and (M, ...), one member's entries after another's.
        firsts: where each member's begin.
    """

    features: Tensor
    targets: Tensor
    firsts: tuple[int, ...]

    @classmethod
    def of(cls, members: Sequence[Member]) -> "_Pool":
        sources = [member.source for member in members]
        sizes = [source.features.shape[:2].numel() for source in sources]
        return cls(
            torch.cat([source.features.flatten(0, 1) for source in sources]),
            torch.cat([source.targets.flatten(0, 1) for source in sources]),
            tuple(itertools.accumulate(sizes[:-1], initial=0)),
        )

    def batches(self, entries: Sequence[NDArray[np.int64]]) -> tuple[Tensor, Tensor]:
        """Features (H, B, D) and targets (H, B, ...) of the entries (B,) of H members."""
        where = torch.from_numpy(np.concatenate(entries)).to(self.features.device)
        features, targets = self.features[where], self.targets[where]
        size = (len(entries), len(entries[0]))
        return features.view(*size, *features.shape[1:]), targets.view(*size, *targets.shape[1:])


class _Company:
    """All members, longest first, so that those with steps left are always the first."""

    def __init__(self, members: Sequence[Member]) -> None:
        ordered = sorted(members, key=lambda member: member.pace, reverse=True)
        shape = HeadShape(*ordered[0].head.weight.shape)
        device = ordered[0].head.weight.device
        self._numbers = torch.zeros(len(ordered), shape.row, device=device)
        self._gradients = torch.zeros_like(self._numbers)
        self._products = Products(shape, ordered[0].assignment.loss)
        self._pool = _Pool.of(ordered)
        self._ranks: list[_Rank] = []
        for _, equals in groupby(ordered, key=lambda member: member.pace):
            first = self._ranks[-1].last if self._ranks else 0
            rank = _Rank(tuple(equals), first, shape, self._numbers, self._pool.firsts)
            self._ranks.append(rank)
        self.done, self.total = 0, self._ranks[0].left

    @property
    def unfinished(self) -> bool:
        """Whether a head with a finite loss has steps left."""
        return any(rank.left and any(rank.alive) for rank in self._ranks)

    def step(self) -> None:
        """One step of every rank that has one left, those with batches of one length at once."""
        moving = [rank for rank in self._ranks if rank.left]
        for _, alike in groupby(moving, key=lambda rank: rank.batch_length):
            self._move(list(alike))
        self.done += 1

    def _move(self, ranks: list["_Rank"]) -> None:
        """One step of neighbouring ranks."""
        began = time.perf_counter()
        rows = slice(ranks[0].first, ranks[-1].last)
        batches = self._pool.batches([entries for rank in ranks for entries in rank.entries])
        gradients = self._gradients[rows]
        losses = self._products(self._numbers[rows], *batches, gradients).tolist()
        for rank in ranks:
            own = slice(rank.first - rows.start, rank.last - rows.start)
            rank.learn(gradients[own], losses[own])
        share = (time.perf_counter() - began) / len(losses)
        for rank in ranks:
            rank.seconds += share
            if not rank.left:
                rank.save()

    def save(self) -> None:
        """Checkpoints of all that have steps left."""
        for rank in self._ranks:
            if rank.left:
                rank.save()


class _Rank:
    """Members of one pace: their numbers lie beside each other and one optimiser moves them.

    Args:
        members: at least one.
        first: row of the first one.
        shape: of each.
        numbers: rows of all heads of the company.
        firsts: where each row's entries begin in the pool.
    """

    def __init__(
        self,
        members: tuple[Member, ...],
        first: int,
        shape: HeadShape,
        numbers: Tensor,
        firsts: Sequence[int],
    ) -> None:
        self.first, self.last = first, first + len(members)
        self._members, self._shape, self._firsts = members, shape, firsts[first : self.last]
        self._lead = members[0].training
        self._rows = nn.Parameter(numbers[first : self.last])
        self._optimiser = build_optimiser(self._lead.recipe.optimiser, [self._rows])
        self._take()
        self._steps, self._clips = self._lead.tally.steps, 0
        self._losses = [member.training.tally.loss for member in members]
        self._tallies = [member.training.tally for member in members]
        self._epoch: tuple[int, list[list[NDArray[np.int64]]]] = (-1, [])
        self.alive = [True] * len(members)
        self.seconds = 0.0

    @property
    def left(self) -> int:
        """Steps."""
        return self._lead.total - self._steps

    @property
    def entries(self) -> list[NDArray[np.int64]]:
        """Of the pool, each member's batch of this step."""
        epoch, step = divmod(self._steps, self._lead.per_epoch)
        if self._epoch[0] != epoch:  # all steps of an epoch at once: its order is drawn once
            self._epoch = (
                epoch,
                [self._shown(epoch, each) for each in range(self._lead.per_epoch)],
            )
        return self._epoch[1][step]

    @property
    def batch_length(self) -> int:
        """Of this step."""
        return len(self.entries[0])

    def learn(self, gradients: Tensor, losses: Sequence[float]) -> None:
        """One update of every head; one without a finite loss is out, whatever its numbers are."""
        self.alive = [
            is_in and math.isfinite(loss) for is_in, loss in zip(self.alive, losses, strict=True)
        ]
        self._clips += self.batch_length
        for group in self._optimiser.param_groups:
            group["lr"] = self._lead.lr_at(*divmod(self._steps, self._lead.per_epoch))
        self._rows.grad = gradients
        self._optimiser.step()
        self._steps, self._losses = self._steps + 1, list(losses)

    def save(self) -> None:
        """The checkpoint of every member that is in, as its own training would write it."""
        for number in range(len(self._members)):
            if self.alive[number]:
                self._give(number)

    def _shown(self, epoch: int, step: int) -> list[NDArray[np.int64]]:
        return [
            first + member.source.entries(epoch, step)
            for first, member in zip(self._firsts, self._members, strict=True)
        ]

    @torch.no_grad()
    def _take(self) -> None:
        """Numbers and optimiser states of the members."""
        rows, state = self._shape, self._optimiser.state[self._rows]
        for number, member in enumerate(self._members):
            head, kept = member.head, member.training.optimiser.state
            rows.weight(self._rows)[number], rows.bias(self._rows)[number] = head.weight, head.bias
            for name, value in kept.get(head.weight, {}).items():
                if value.dim() == 0:
                    state[name] = value.clone()
                    continue
                whole = state.setdefault(name, torch.zeros_like(self._rows))
                rows.weight(whole)[number] = value
                rows.bias(whole)[number] = kept[head.bias][name]

    @torch.no_grad()
    def _give(self, number: int) -> None:
        """What `_take` took, as it is now, to one member, and its checkpoint."""
        member, before = self._members[number], self._tallies[number]
        training, parts = member.training, (self._shape.weight, self._shape.bias)
        for part, parameter in zip(parts, (member.head.weight, member.head.bias), strict=True):
            parameter.copy_(part(self._rows)[number])
            kept = self._optimiser.state.get(self._rows, {})
            own = {n: part(v)[number].clone() if v.dim() else v.clone() for n, v in kept.items()}
            if own:
                training.optimiser.state[parameter] = own
        for group, mine in zip(
            training.optimiser.param_groups, self._optimiser.param_groups, strict=True
        ):
            group["lr"] = mine["lr"]
        seconds, clips = before.seconds + self.seconds, before.clips + self._clips
        training.tally = Tally(self._steps, clips, seconds, self._losses[number])
        with seeded(training.seed, training.session.device):
            training.save()
