"""Nine cells of three budgets and three seeds: one after another against in one company."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import nn

from severe_bench.adapt.linear_heads import LinearHeads
from severe_bench.adapt.lockstep import Member, train_together
from severe_bench.adapt.many_heads import HeadsObjective, HeadsOptimiser
from severe_bench.adapt.network import TaskObjective, seeded_head
from severe_bench.adapt.probing import FeatureBatches
from severe_bench.adapt.selection import settings
from severe_bench.adapt.stacks import OneHead, SeveralHeads
from severe_bench.config.recipe import Optimiser, Recipe
from severe_bench.core.record import Dataset
from severe_bench.data.reading import Steps
from severe_bench.tasks.recognition import RECOGNITION
from severe_bench.tasks.task import Assignment, NoOptions
from severe_bench.train.loop import Training
from tests.performance.alone import alone
from tests.performance.measure import Line, paired

SEEDS = range(3)
PROBE = Optimiser(name="adamw", lr=1e-2, weight_decay=1e-3)
"""As the demo's."""
SETTINGS = tuple(settings(PROBE))


@dataclass(frozen=True)
class Size:
    """A problem: features, and what is trained on them."""

    budgets: tuple[int, ...]
    width: int
    classes: int
    batch: int
    epochs: int
    views: int = 2

    def plan(self, optimiser: Optimiser) -> Recipe:
        """As the demo's probe."""
        schedule = {"epochs": self.epochs, "kind": "cosine"}
        blocks = {"schedule": schedule, "optimiser": optimiser.model_dump()}
        return Recipe.model_validate({"batch_size": self.batch, **blocks})

    @property
    def assignment(self) -> Assignment:
        """Recognition."""
        names = tuple(map(str, range(self.classes)))
        return RECOGNITION.bind(NoOptions(), Dataset("random", Path(), names, ()))

    def head(self, seed: int) -> nn.Linear:
        """Initialised."""
        head = seeded_head(self.assignment, self.width, seed)
        assert isinstance(head, nn.Linear)
        return head


SMALL = Size((50, 100, 200), width=64, classes=10, batch=64, epochs=60)
WIDE = Size((250, 500, 1000), width=512, classes=10, batch=64, epochs=6)
MANY = Size((250, 500, 1000), width=512, classes=100, batch=64, epochs=6)

Begun = Callable[[Size, FeatureBatches, Path, int], Member]
"""The training of cell `number`, begun in a folder."""


def bench() -> Iterator[Line]:
    """Each protocol in turn; where ten heads are larger than these, each cell trains alone."""
    yield from _lines("linear", (_probe,), (SMALL, MANY))
    yield from _lines("linear_selected", (_trials, _selected), (SMALL, WIDE))


def _lines(protocol: str, stages: Sequence[Begun], sizes: Sequence[Size]) -> Iterator[Line]:
    for size in sizes:
        sources = _sources(size)
        with tempfile.TemporaryDirectory() as folder:
            slow, fast = (partial(s, size, sources, stages, Path(folder)) for s in WAYS)
            ratio = paired(slow, fast)
        shape = f"{', '.join(map(str, size.budgets))} videos x {size.width}, {size.classes} classes"
        yield Line(f"9 {protocol} cells, {shape}: one after another / in company", str(ratio))


def _sources(size: Size) -> list[FeatureBatches]:
    """Of each cell: its own videos of one table."""
    generator = torch.Generator().manual_seed(0)
    videos = max(size.budgets)
    features = torch.randn(videos, size.views, size.width, generator=generator)
    labels = torch.randint(size.classes, (videos, 1), generator=generator)
    targets = labels.expand(videos, size.views)
    return [
        FeatureBatches(features[:count], targets[:count], Steps(count, size.batch, seed))
        for count in size.budgets
        for seed in SEEDS
    ]


def _apart(
    size: Size, sources: Sequence[FeatureBatches], stages: Sequence[Begun], folder: Path
) -> None:
    for number, source in enumerate(sources):
        for stage in stages:
            with tempfile.TemporaryDirectory(dir=folder) as own:
                stage(size, source, Path(own), number).training.run()


def _together(
    size: Size, sources: Sequence[FeatureBatches], stages: Sequence[Begun], folder: Path
) -> None:
    for stage in stages:
        with tempfile.TemporaryDirectory(dir=folder) as own:
            places = [Path(own) / str(number) for number in range(len(sources))]
            for place in places:
                place.mkdir()
            members = [
                stage(size, source, place, number)
                for number, (source, place) in enumerate(zip(sources, places, strict=True))
            ]
            train_together(members, alone(Path(own)))


WAYS = _apart, _together


def _probe(
    size: Size, source: FeatureBatches, folder: Path, _: int, optimiser: Optimiser = PROBE
) -> Member:
    seed = source.steps.seed
    head = size.head(seed)
    objective = TaskObjective(head, size.assignment, "features")
    training = Training(objective, source, size.plan(optimiser), alone(folder), seed)
    return Member(training, source, OneHead(head, size.assignment, optimiser))


def _trials(size: Size, source: FeatureBatches, folder: Path, _: int) -> Member:
    seed = source.steps.seed
    heads = LinearHeads(size.head(seed), len(SETTINGS))
    objective = HeadsObjective(heads, size.assignment, "features")
    begun = partial(HeadsOptimiser, heads, SETTINGS)
    training = Training(objective, source, size.plan(PROBE), alone(folder), seed, begun)
    return Member(training, source, SeveralHeads(heads, objective, SETTINGS))


def _selected(size: Size, source: FeatureBatches, folder: Path, number: int) -> Member:
    """The cells' choices differ."""
    return _probe(size, source, folder, number, SETTINGS[number % len(SETTINGS)])
