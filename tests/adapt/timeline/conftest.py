from collections.abc import Callable
from pathlib import Path

import pytest

from severe_bench.adapt.features import run_features
from severe_bench.core.record import Dataset
from tests.adapt.fakes import features_job
from tests.adapt.timeline.stretches import UNIT_OPTIONS, make_stretches, recipe
from tests.train.fakes import Wires


@pytest.fixture(scope="session")
def stretches(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return make_stretches(tmp_path_factory.mktemp("stretches"))


@pytest.fixture
def rows(stretches: Dataset, tmp_path: Path) -> Callable[[], dict[str, Path]]:
    """Computes the features that a probe needs; returns their folders by role."""

    def compute() -> dict[str, Path]:
        folders = {}
        for split in ("train", "test"):
            asked = {"unit": "timeline", "unit_options": UNIT_OPTIONS, "recipe": recipe()}
            folder = tmp_path / f"features-{split}"
            run_features(
                features_job(split, "test", **asked), stretches, None, Wires(folder).session
            )
            folders[f"{split}_features"] = folder
        return folders

    return compute
