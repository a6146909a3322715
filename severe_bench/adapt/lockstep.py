"""Linear heads of several cells on the same features, trained step by step beside each other.

Each cell has its own videos, batches, learning rate and length of training, and must not notice the
others: on a CPU with one thread every head ends with the bits that `train.loop.fit` gives it alone,
in whatever company. What is done for all heads at once is therefore either elementwise (an
optimiser, over heads that take the same steps: `adapt.stacks`) or a batched matrix product
(`adapt.products`). On CUDA, where kernels add in other orders, company changes rounding.
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
from torch import Tensor

from severe_bench.adapt.probing import FeatureBatches
from severe_bench.adapt.products import Exercise, Products
from severe_bench.adapt.stacks import OneHead, SeveralHeads, Stack
from severe_bench.core.errors import Interrupted
from severe_bench.core.session import Progress, Session
from severe_bench.train.checkpoint import Tally
from severe_bench.train.loop import Training, seeded

COPIES = 7
"""Of a member's numbers: in its row with gradients and two moments, and of its own with these."""


@dataclass(frozen=True)
class Member:
    """One training: linear heads with bias on the same batches, at whatever step they are.

    Args:
        training: its module, optimiser, tally and place.
        source: its batches.
        form: what trains.
    """

    training: Training
    source: FeatureBatches
    form: OneHead | SeveralHeads

    @property
    def left(self) -> int:
        """Steps of the schedule that are not done."""
        return self.training.total - self.training.tally.steps

    @property
    def pace(self) -> tuple[float, ...]:
        """Steps left, steps in an epoch, videos, rate, decay: equal where all updates are alike."""
        spec = self.training.recipe.optimiser
        steps = self.left, self.training.per_epoch, self.source.steps.records
        return *steps, spec.lr, spec.weight_decay

    @property
    def nbytes(self) -> int:
        """Of memory, about, for as long as it trains."""
        features = self.source.features
        return features.nbytes + COPIES * self.form.shape.row * features.element_size()


def train_together(members: Sequence[Member], session: Session) -> None:
    """Train all members to the ends of their schedules, each to its final `checkpoint.pt`.

    A member whose loss stops being finite leaves none; alone it fails at the same step.

    Args:
        members: of one task, form, width and device, their recipes alike but for rate and decay;
            at least one.
        session: says when to stop or checkpoint, and hears of progress; its folder is not used.

    Raises:
        Interrupted: after checkpoints of all, when the session asks to stop.
    """
    company = _Company(members)
    stage = f"train {sum(member.form.count for member in members)} heads"
    while company.unfinished:
        if session.should_stop():
            company.save()
            raise Interrupted(f"stopped after {company.done} of {company.total} steps")
        if session.checkpoint_due():
            company.save()
        company.step()
        session.report(Progress(stage, company.done, company.total))


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
        shape, device = ordered[0].form.shape, ordered[0].source.features.device
        self._numbers = torch.zeros(len(ordered), shape.row, device=device)
        self._gradients = torch.zeros_like(self._numbers)
        self._products = Products(shape)
        self._losses = [member.form.loss for member in ordered]
        self._pool = _Pool.of(ordered)
        self._ranks: list[_Rank] = []
        for _, equals in groupby(ordered, key=lambda member: member.pace):
            self._append(tuple(equals))
        self.done, self.total = 0, self._ranks[0].left

    def _append(self, equals: tuple[Member, ...]) -> None:
        first = self._ranks[-1].last if self._ranks else 0
        rows = slice(first, first + len(equals))
        stack = equals[0].form.stack(self._numbers[rows], self._gradients[rows])
        self._ranks.append(_Rank(equals, first, stack, self._pool.firsts[rows]))

    @property
    def unfinished(self) -> bool:
        """Whether a member with a finite loss has steps left."""
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
        given = Exercise(self._numbers[rows], *batches, self._losses[rows])
        losses = self._products(given, self._gradients[rows]).tolist()
        for rank in ranks:
            rank.learn(losses[rank.first - rows.start : rank.last - rows.start])
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
    """Members of one pace: their rows lie beside each other and one optimiser moves them.

    Args:
        members: at least one.
        first: row of the first one.
        stack: of their rows, still empty.
        firsts: where each one's entries begin in the pool.
    """

    def __init__(
        self, members: tuple[Member, ...], first: int, stack: Stack, firsts: Sequence[int]
    ) -> None:
        self.first, self.last = first, first + len(members)
        self._members, self._stack, self._firsts = members, stack, firsts
        self._lead = members[0].training
        for number, member in enumerate(members):
            stack.take(number, member.training)
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

    def learn(self, losses: Sequence[float]) -> None:
        """One update of every member; one without a finite loss is out, whatever it becomes."""
        self.alive = [
            is_in and math.isfinite(loss) for is_in, loss in zip(self.alive, losses, strict=True)
        ]
        self._clips += self.batch_length
        self._stack.step(self._lead.lr_at(*divmod(self._steps, self._lead.per_epoch)))
        self._steps, self._losses = self._steps + 1, list(losses)

    def save(self) -> None:
        """The checkpoint of every member that is in, as its own training would write it."""
        for number in range(len(self._members)):
            if self.alive[number]:
                self._save(number)

    def _shown(self, epoch: int, step: int) -> list[NDArray[np.int64]]:
        return [
            first + member.source.entries(epoch, step)
            for first, member in zip(self._firsts, self._members, strict=True)
        ]

    def _save(self, number: int) -> None:
        training, before = self._members[number].training, self._tallies[number]
        self._stack.give(number, training)
        seconds, clips = before.seconds + self.seconds, before.clips + self._clips
        training.tally = Tally(self._steps, clips, seconds, self._losses[number])
        with seeded(training.seed, training.session.device):
            training.save()
