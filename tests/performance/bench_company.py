"""Nine linear cells of three budgets and three seeds: one after another against in one company."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch

from severe_bench.adapt.lockstep import Member, train_together
from severe_bench.adapt.network import TaskObjective, seeded_head
from severe_bench.adapt.probing import FeatureBatches
from severe_bench.config.recipe import Recipe
from severe_bench.core.record import Dataset
from severe_bench.data.reading import Steps
from severe_bench.tasks.recognition import RECOGNITION
from severe_bench.tasks.task import Assignment, NoOptions
from severe_bench.train.loop import Training, fit
from tests.performance.alone import alone
from tests.performance.measure import Line, paired

SEEDS = range(3)


@dataclass(frozen=True)
class Size:
    """A problem: features, and what is trained on them."""

    budgets: tuple[int, ...]
    width: int
    classes: int
    batch: int
    epochs: int
    views: int = 2

    @property
    def plan(self) -> Recipe:
        """As the demo's probe."""
        return Recipe.model_validate(
            {
                "batch_size": self.batch,
                "schedule": {"epochs": self.epochs, "kind": "cosine"},
                "optimiser": {"name": "adamw", "lr": 1e-2, "weight_decay": 1e-3},
            }
        )

    @property
    def assignment(self) -> Assignment:
        """Recognition."""
        names = tuple(map(str, range(self.classes)))
        return RECOGNITION.bind(NoOptions(), Dataset("random", Path(), names, ()))


SIZES = (
    Size((50, 100, 200), width=64, classes=10, batch=64, epochs=60),
    Size((250, 500, 1000), width=512, classes=100, batch=64, epochs=6),
)


def bench() -> Iterator[Line]:
    """Each size in turn."""
    for size in SIZES:
        sources = _sources(size)
        with tempfile.TemporaryDirectory() as folder:
            slow, fast = (partial(s, size, sources, Path(folder)) for s in (_apart, _together))
            ratio = paired(slow, fast)
        budgets = ", ".join(map(str, size.budgets))
        shape = f"{budgets} videos x {size.width}, {size.classes} classes"
        yield Line(f"9 linear cells, {shape}: one after another / in company", str(ratio))


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


def _apart(size: Size, sources: Sequence[FeatureBatches], folder: Path) -> None:
    for source in sources:
        with tempfile.TemporaryDirectory(dir=folder) as own:
            seed = source.steps.seed
            fit(_objective(size, seed), source, size.plan, alone(Path(own)), seed)


def _together(size: Size, sources: Sequence[FeatureBatches], folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as own:
        members = []
        for number, source in enumerate(sources):
            place = Path(own) / str(number)
            place.mkdir()
            seed, session = source.steps.seed, alone(place)
            training = Training(_objective(size, seed), source, size.plan, session, seed)
            members.append(Member(training, source, size.assignment))
        train_together(members, alone(Path(own)))


def _objective(size: Size, seed: int) -> TaskObjective:
    head = seeded_head(size.assignment, size.width, seed)
    return TaskObjective(head, size.assignment, "features")
