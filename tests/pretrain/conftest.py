from collections.abc import Callable
from pathlib import Path

import pytest

from severe_bench.config.recipe import Augment, Clip, Optimiser, Recipe, Schedule
from severe_bench.core.record import Dataset
from severe_bench.core.session import Session
from severe_bench.data.adapter import Location
from severe_bench.data.datasets.procedural import load
from severe_bench.data.procedural.generate import generate
from severe_bench.data.procedural.spec import WorldSpec
from severe_bench.plan.job import DatasetRef, PretrainJob

SPEC = WorldSpec(world="source", train=64, test=32, frames=10, size=32)

JobMaker = Callable[..., PretrainJob]


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """96 small videos of the built-in world."""
    root = tmp_path_factory.mktemp("source")
    generate(SPEC, root)
    return load(SPEC, Location(root, None))


def recipe(epochs: int = 1, batch_size: int = 16) -> Recipe:
    return Recipe(
        clip=Clip(frames=4, size=32, stride=2),
        augment=Augment(
            area=(0.7, 1), ratio=(1, 1), brightness=0.2, contrast=0.2, saturation=0.2, hue=0.02
        ),
        optimiser=Optimiser(name="adamw", lr=4e-3),
        schedule=Schedule(epochs=epochs, kind="cosine"),
        batch_size=batch_size,
    )


CONTRAST = {"momentum": 0.0, "queue": 0, "hidden": 64, "projection": 32}
TUBELETS = {**CONTRAST, "tubelets": {"size": [0.6, 0.9], "patch_source": "third"}}
OPTIONS = {"supervised": {}, "temporal_contrast": CONTRAST, "tubelet_contrast": TUBELETS}


def job(method: str, epochs: int = 1, **fields: object) -> PretrainJob:
    return PretrainJob.model_validate(
        {
            "method": method,
            "options": OPTIONS[method],
            "backbone": "r2plus1d_narrow",
            "dataset": DatasetRef(adapter="procedural", digest=SPEC.digest()),
            "recipe": recipe(epochs),
            "seed": 0,
            **fields,
        }
    )


def session(folder: Path, stop: Callable[[], bool] = lambda: False) -> Session:
    folder.mkdir(parents=True, exist_ok=True)
    return Session(folder, "cpu", {}, stop, lambda: False, lambda progress: None)
