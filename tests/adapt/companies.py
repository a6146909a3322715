"""Companies of cells for tests: problems, cells, and what their training leaves behind."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import nn

from severe_bench.adapt.linear_heads import LinearHeads
from severe_bench.adapt.lockstep import Member, train_together
from severe_bench.adapt.many_heads import HeadsObjective, HeadsOptimiser
from severe_bench.adapt.network import TaskObjective
from severe_bench.adapt.probing import FeatureBatches
from severe_bench.adapt.selection import settings
from severe_bench.adapt.stacks import OneHead, SeveralHeads
from severe_bench.config.recipe import Optimiser, Recipe
from severe_bench.core.record import Dataset
from severe_bench.core.session import Progress
from severe_bench.data.reading import Steps
from severe_bench.tasks.multi_label import MULTI_LABEL, MultiLabelOptions
from severe_bench.tasks.recognition import RECOGNITION
from severe_bench.tasks.task import Assignment, NoOptions
from severe_bench.train.checkpoint import CHECKPOINT_FILE
from severe_bench.train.loop import Training, fit, fit_unchecked, seeded
from tests.adapt.fakes import recipe
from tests.train.fakes import Wires


@dataclass(frozen=True)
class Case:
    """One cell's part: how many videos, and its seed."""

    videos: int
    seed: int
    scale: float = 1.0

    @property
    def name(self) -> str:
        return f"{self.videos}-{self.seed}"


@dataclass(frozen=True)
class Problem:
    """What all cells share."""

    plan: Recipe
    width: int = 16
    classes: int = 3
    views: int = 2
    labels: bool = False

    @property
    def assignment(self) -> Assignment:
        dataset = Dataset("random", Path(), tuple(map(str, range(self.classes))), ())
        if self.labels:
            return MULTI_LABEL.bind(MultiLabelOptions(), dataset)
        return RECOGNITION.bind(NoOptions(), dataset)

    def source(self, case: Case) -> FeatureBatches:
        generator = torch.Generator().manual_seed(case.videos + 1000 * case.seed)
        size = (case.videos, self.views)
        features = torch.randn(*size, self.width, generator=generator) * case.scale
        shape = (*size, self.classes) if self.labels else size
        top = 2 if self.labels else self.classes
        targets = torch.randint(top, shape, generator=generator)
        targets = targets.to(torch.uint8) if self.labels else targets
        return FeatureBatches(features, targets, Steps.of(case.videos, self.plan, case.seed))

    def head(self, case: Case) -> nn.Linear:
        with seeded(case.seed, "cpu"):
            head = self.assignment.head(self.width)
        assert isinstance(head, nn.Linear)
        return head

    def objective(self, case: Case) -> TaskObjective:
        return TaskObjective(self.head(case), self.assignment, "features")

    def fit(self, case: Case, wires: Wires) -> None:
        fit(self.objective(case), self.source(case), self.plan, wires.session, case.seed)

    def member(self, case: Case, wires: Wires) -> Member:
        objective, source = self.objective(case), self.source(case)
        with seeded(case.seed, "cpu"):
            training = Training(objective, source, self.plan, wires.session, case.seed)
        head = objective.module
        assert isinstance(head, nn.Linear)
        return Member(training, source, OneHead(head, self.assignment, self.plan.optimiser))


@dataclass(frozen=True)
class Trials(Problem):
    """Likewise, with heads of several rates and decays for each cell."""

    wild: float = 0.0

    @property
    def specs(self) -> tuple[Optimiser, ...]:
        """The last one has a rate that is `wild`, if any."""
        *own, last = settings(self.plan.optimiser)
        if self.wild:
            last = last.model_copy(update={"lr": self.wild, "weight_decay": 1.0})
        return (*own, last)

    def heads(self, case: Case) -> tuple[LinearHeads, HeadsObjective]:
        heads = LinearHeads(self.head(case), len(self.specs))
        return heads, HeadsObjective(heads, self.assignment, "features")

    def fit(self, case: Case, wires: Wires) -> None:
        (heads, objective), source = self.heads(case), self.source(case)
        optimiser = partial(HeadsOptimiser, heads, self.specs)
        fit_unchecked(objective, source, self.plan, wires.session, case.seed, optimiser)

    def member(self, case: Case, wires: Wires) -> Member:
        (heads, objective), source = self.heads(case), self.source(case)
        optimiser = partial(HeadsOptimiser, heads, self.specs)
        with seeded(case.seed, "cpu"):
            training = Training(objective, source, self.plan, wires.session, case.seed, optimiser)
        return Member(training, source, SeveralHeads(heads, objective, self.specs))


def alone(folder: Path, problem: Problem, cases: Sequence[Case]) -> None:
    for case in cases:
        problem.fit(case, Wires(_made(folder / case.name)))


def together(
    folder: Path, problem: Problem, cases: Sequence[Case], wires: Wires | None = None
) -> None:
    members = [problem.member(case, Wires(_made(folder / case.name))) for case in cases]
    train_together(members, (wires or Wires(folder)).session)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def flat(value: object, at: str = "") -> dict[str, object]:
    """Everything in a checkpoint by its path, tensors as type, shape and bytes."""
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list | tuple):
        items = enumerate(value)
    elif isinstance(value, torch.Tensor):
        return {at: (str(value.dtype), tuple(value.shape), value.numpy().tobytes())}
    else:
        return {at: value}
    return {k: v for name, part in items for k, v in flat(part, f"{at}/{name}").items()}


def checkpoint(folder: Path, case: Case) -> dict[str, object]:
    content = torch.load(folder / case.name / CHECKPOINT_FILE, weights_only=True)
    found = flat(content)
    assert found.pop("/tally/seconds") > 0
    return found


def assert_same(left: Path, right: Path, cases: Sequence[Case]) -> None:
    for case in cases:
        expected, found = checkpoint(left, case), checkpoint(right, case)
        assert found.keys() == expected.keys()
        assert [name for name in expected if found[name] != expected[name]] == []


class Killed(Wires):
    """A session that ends without a word at the third report."""

    def __init__(self, *args: Any, **rest: Any) -> None:
        super().__init__(*args, **rest)
        self.session = replace(self.session, report=self._report)

    def _report(self, progress: Progress) -> None:
        self.reports.append(progress)
        if len(self.reports) == 3:
            raise KeyboardInterrupt


GRID = tuple(Case(videos, seed) for videos in (21, 9, 12) for seed in range(3))
OPTIMISERS: list[dict[str, Any]] = [
    {"name": "sgd", "lr": 0.1, "momentum": 0.0},
    {"name": "sgd", "lr": 0.1, "momentum": 0.9, "weight_decay": 1e-2},
    {"name": "sgd", "lr": 0.1, "momentum": 0.9, "nesterov": True},
    {"name": "adam", "lr": 0.01, "weight_decay": 1e-2},
    {"name": "adamw", "lr": 0.01, "weight_decay": 1e-2},
]
SCHEDULES: list[dict[str, Any]] = [
    {"kind": "constant"},
    {"kind": "cosine", "warmup_epochs": 1.5},
    {"kind": "cosine", "warmup_epochs": 1, "warmup_lr": 1e-3},
    {"kind": "multistep", "milestones": [1, 3], "gamma": 0.3},
]


def plan(optimiser: dict[str, Any], schedule: dict[str, Any], **rest: Any) -> Recipe:
    whole = {"epochs": 4, **schedule}
    return recipe(**{"batch_size": 8, "optimiser": optimiser, "schedule": whole, **rest})


PLAIN = plan(OPTIMISERS[4], SCHEDULES[1])
