"""Twenty heads on cached features: one after another against all in one pass."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from severe_bench.adapt.linear_heads import LinearHeads, is_plain_linear
from severe_bench.adapt.many_heads import HeadsObjective, HeadsOptimiser
from severe_bench.adapt.network import TaskObjective, seeded_head
from severe_bench.adapt.probing import FeatureBatches
from severe_bench.config.recipe import Optimiser, Recipe
from severe_bench.core.record import Dataset
from severe_bench.data.reading import Steps
from severe_bench.tasks.recognition import RECOGNITION
from severe_bench.tasks.task import Assignment, NoOptions
from severe_bench.train.loop import fit
from tests.performance.alone import alone
from tests.performance.measure import Line, paired

RATES = tuple(1e-4 * 10 ** (i / 3) for i in range(10))
DECAYS = (0.0, 1e-2)
HEADS = len(RATES) * len(DECAYS)
EPOCHS = 5


@dataclass(frozen=True)
class Shape:
    """A problem of a usual size."""

    videos: int
    views: int
    width: int
    classes: int


SHAPES = (Shape(1000, 5, 512, 100), Shape(1000, 5, 768, 400), Shape(200, 5, 64, 6))


def bench() -> Iterator[Line]:
    """Each shape in turn."""
    for shape in SHAPES:
        with tempfile.TemporaryDirectory() as folder:
            slow, fast = (partial(side, shape, Path(folder)) for side in (_apart, _together))
            ratio = paired(slow, fast)
        size = f"{shape.videos} videos x {shape.width}, {shape.classes} classes"
        claim = f"{HEADS} linear heads, {size}: one after another / in one pass"
        yield Line(claim, str(ratio))


def _specs() -> list[Optimiser]:
    return [
        Optimiser(name="adamw", lr=rate, weight_decay=decay) for rate in RATES for decay in DECAYS
    ]


def _apart(shape: Shape, folder: Path) -> None:
    for spec in _specs():
        with tempfile.TemporaryDirectory(dir=folder) as own:
            head = seeded_head(_assignment(shape), shape.width, 0)
            objective = TaskObjective(head, _assignment(shape), "features")
            fit(objective, _source(shape), _plan(spec, EPOCHS), alone(Path(own)), 0)


def _together(shape: Shape, folder: Path) -> None:
    fitted_together(shape, folder, EPOCHS)


def fitted_together(shape: Shape, folder: Path, epochs: int) -> None:
    """All heads in one pass."""
    with tempfile.TemporaryDirectory(dir=folder) as own:
        head = seeded_head(_assignment(shape), shape.width, 0)
        assert is_plain_linear(head)
        heads = LinearHeads(head, HEADS)
        objective = HeadsObjective(heads, _assignment(shape), "features")
        optimiser = partial(HeadsOptimiser, heads, _specs())
        fit(objective, _source(shape), _plan(_specs()[0], epochs), alone(Path(own)), 0, optimiser)


def _plan(spec: Optimiser, epochs: int) -> Recipe:
    whole = {"batch_size": 128, "schedule": {"epochs": epochs}, "optimiser": spec.model_dump()}
    return Recipe.model_validate(whole)


def _source(shape: Shape) -> FeatureBatches:
    random = np.random.default_rng(0)
    size = (shape.videos, shape.views, shape.width)
    features = torch.from_numpy(random.normal(size=size).astype(np.float32))
    labels = torch.from_numpy(random.integers(shape.classes, size=(shape.videos, shape.views)))
    return FeatureBatches(features, labels, Steps(shape.videos, 128, 0))


def _assignment(shape: Shape) -> Assignment:
    names = tuple(map(str, range(shape.classes)))
    return RECOGNITION.bind(NoOptions(), Dataset("random", Path(), names, ()))
