"""Each task learns on its built-in world, and does not where labels are shuffled.

With a shipped backbone, frozen, on half-size worlds; what a trivial predictor reaches is stated.
"""

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from severe_bench.adapt.evaluate import run_evaluate
from severe_bench.adapt.features import read_features, run_features, write_features
from severe_bench.config.recipe import Recipe
from severe_bench.core.record import Dataset
from severe_bench.data.adapter import Location
from severe_bench.data.datasets.procedural import load
from severe_bench.data.procedural.generate import generate
from severe_bench.data.procedural.spec import WorldSpec
from severe_bench.metrics.measure import METRICS
from severe_bench.models.shipped import FOLDER, shipped
from severe_bench.plan.job import NetworkRef, WeightsRef
from severe_bench.tasks.task import TASKS
from tests.adapt.fakes import evaluate_job, features_job
from tests.train.fakes import Wires

pytestmark = pytest.mark.slow
STILL = {"area": [0.6, 1.0], "flip": 0, "brightness": 0.2, "contrast": 0.2, "saturation": 0.2}
Worlds = Callable[[str], Dataset]


@dataclasses.dataclass(frozen=True)
class Setting:
    """A task on a world.

    Args:
        trivial: value of the headline metric that needs no features, in per cent.
        margin: by which the trained head beats it, and within which the shuffled one stays.
    """

    world: str
    task: str
    trivial: float
    margin: float
    protocol: str = "linear"
    model: str = "tubelet_contrast"
    options: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    clip: Mapping[str, Any] = dataclasses.field(default_factory=dict)


SETTINGS = {
    "multi_label": Setting("together", "multi_label", 33, 12),
    "multi_label by clip": Setting(
        "together", "multi_label", 33, 12, options={"train_labels": "clip"}
    ),
    "multi_label by neighbours": Setting("together", "multi_label", 33, 12, protocol="knn"),
    "arrow_of_time": Setting("arrow", "arrow_of_time", 50, 25, clip={"sampling": "uniform"}),
    "verb_noun": Setting("kitchen", "verb_noun", 100 / 36, 8, model="supervised"),
    "retrieval": Setting("near", "retrieval", 10, 20, "frozen", "supervised"),
    "retrieval by clip": Setting(
        "near", "retrieval", 10, 20, "frozen", "supervised", {"query": "clip"}
    ),
    "clustering": Setting("near", "clustering", 10, 25, "frozen", "supervised"),
}


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Worlds:
    """Worlds of half their size, filmed once."""
    torch.set_num_threads(1)
    filmed: dict[str, Dataset] = {}

    def find(name: str) -> Dataset:
        if name not in filmed:
            spec, root = WorldSpec(world=name).scaled(0.5), tmp_path_factory.mktemp(name)
            generate(spec, root)
            filmed[name] = load(spec, Location(root, None))
        return filmed[name]

    return find


@pytest.fixture(scope="module")
def features(
    worlds: Worlds, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Setting], dict[str, Path]]:
    """The folders of both splits' features, computed once for each world and model."""
    known: dict[tuple[str, str], dict[str, Path]] = {}

    def find(setting: Setting) -> dict[str, Path]:
        key = setting.world, setting.model
        if key not in known:
            root = tmp_path_factory.mktemp("features")
            known[key] = {f"{split}_features": root / split for split in ("train", "test")}
            for split in ("train", "test"):
                unit = TASKS.get(setting.task).unit
                job = features_job(
                    split, split, network=network(setting.model), recipe=plan(setting), unit=unit
                )
                session = Wires(root / split).session
                run_features(job, worlds(setting.world), weights(setting.model), session)
        return known[key]

    return find


def network(model: str) -> NetworkRef:
    ref = WeightsRef(source="file", digest=shipped()[model].sha256, layout="severe")
    return NetworkRef(backbone="r2plus1d_narrow", weights=ref)


def weights(model: str) -> Path:
    return FOLDER / f"{model}.pt"


def plan(setting: Setting) -> Recipe:
    return Recipe.model_validate(
        {
            "clip": {"frames": 8, "size": 48, "stride": 2, **setting.clip},
            "augment": STILL,
            "test": {"clips": 5},
            "feature_views": 3,
            "standardise": True,
            "batch_size": 64,
            "optimiser": {"name": "adamw", "lr": 1e-2, "weight_decay": 1e-3},
            "schedule": {"epochs": 60, "kind": "cosine"},
        }
    )


def shuffled(needs: Mapping[str, Path], split: str, folder: Path) -> dict[str, Path]:
    """With the features of one split given to other samples, hence to others' labels."""
    role = f"{split}_features"
    table = read_features(needs[role])
    order = np.random.default_rng(1).permutation(len(table.samples))
    names = tuple(table.samples[row] for row in order)
    write_features(folder, dataclasses.replace(table, samples=names))
    return {**needs, role: folder}


def value(setting: Setting, dataset: Dataset, needs: dict[str, Path], folder: Path) -> float:
    """The headline metric."""
    job = evaluate_job(
        setting.protocol,
        setting.task,
        network=network(setting.model),
        task_options=dict(setting.options),
        recipe=plan(setting),
    )
    session = dataclasses.replace(Wires(folder).session, needs=needs)
    return run_evaluate(job, dataset, weights(setting.model), session).metrics[0].value


@pytest.mark.parametrize("name", SETTINGS)
def test_a_task_learns_and_fails_on_shuffled_labels(
    name: str,
    worlds: Worlds,
    features: Callable[[Setting], dict[str, Path]],
    tmp_path: Path,
) -> None:
    setting = SETTINGS[name]
    dataset, needs = worlds(setting.world), features(setting)
    learnt = value(setting, dataset, needs, tmp_path / "learnt")
    split = "test" if setting.task == "clustering" else "train"
    apart = shuffled(needs, split, tmp_path / "shuffled")
    blind = value(setting, dataset, apart, tmp_path / "blind")
    print(f"{name}: {learnt:.1f}, shuffled {blind:.1f}, trivial {setting.trivial:.1f}")
    assert learnt > setting.trivial + setting.margin
    assert blind < setting.trivial + setting.margin


def test_the_trivial_map_is_what_is_stated(worlds: Worlds) -> None:
    """Constant scores under scikit-learn's rule: the mean share of positives."""
    setting = SETTINGS["multi_label"]
    dataset = worlds(setting.world)
    task = TASKS.get("multi_label")
    targets = task.bind(task.options(), dataset).targets(dataset.of("test")).numpy()
    dead = np.zeros(targets.shape, np.float32)
    assert METRICS.get("map_sklearn").value(dead, targets) == pytest.approx(setting.trivial, abs=1)
