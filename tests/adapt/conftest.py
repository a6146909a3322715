from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from severe_bench.adapt.features import run_features
from severe_bench.core.record import Dataset
from severe_bench.metrics.measure import METRICS
from severe_bench.models.backbone import BACKBONES
from severe_bench.tasks.task import TASKS
from tests.adapt.fakes import features_job, make_dataset, recipe
from tests.train.fakes import Wires


@pytest.fixture(scope="session")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make_dataset(tmp_path_factory.mktemp("colours"))


@pytest.fixture(autouse=True)
def _registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tiny backbone and the extra tasks, as one line each would register them."""
    torch.set_num_threads(1)
    fakes = "tests.adapt.fakes:"
    for registry, names in (
        (BACKBONES, {"tiny": "TINY"}),
        (TASKS, {"counting": "COUNTING", "two_heads": "TWO_HEADS"}),
        (METRICS, {"mae": "MAE", "both": "BOTH"}),
    ):
        for name, attribute in names.items():
            monkeypatch.setitem(registry._entries, name, fakes + attribute)


@pytest.fixture
def needs(dataset: Dataset, tmp_path: Path) -> Callable[..., dict[str, Path]]:
    """Computes the features that a linear probe needs; returns their folders by role."""

    def compute(feature_views: int = 2) -> dict[str, Path]:
        folders = {}
        for split, seed in (("train", 3), ("test", 0)):
            folder = tmp_path / f"features-{split}-{feature_views}"
            plan = recipe(feature_views=feature_views)
            job = features_job(split, split, recipe=plan, seed=seed)
            run_features(job, dataset, None, Wires(folder).session)
            folders[f"{split}_features"] = folder
        return folders

    return compute
