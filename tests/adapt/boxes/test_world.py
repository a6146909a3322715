"""Boxes in key frames teach actions on the built-in world, and shuffled labels do not.

The narrow network with the shipped supervised weights, frozen, reaches 29 %, with shuffled labels
22 %, and the trivial predictor, who gives every box the shares of the classes, 19 %.
"""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from severe_bench.adapt.evaluate import Evaluation, run_evaluate
from severe_bench.adapt.features import run_features
from severe_bench.core.record import Dataset
from severe_bench.data.adapter import Location
from severe_bench.data.datasets.procedural import PROCEDURAL
from severe_bench.data.procedural.generate import generate
from severe_bench.data.procedural.spec import WorldSpec
from severe_bench.models.shipped import FOLDER
from severe_bench.plan.job import NetworkRef, WeightsRef
from severe_bench.tasks.ava_detection import AVA_DETECTION, AvaDetectionOptions
from tests.adapt.boxes.test_learning import of_the_majority, value, with_shuffled_labels
from tests.adapt.squares import features_job, job
from tests.train.fakes import Wires

pytestmark = pytest.mark.slow
SPEC = WorldSpec(world="keyed", train=64, test=40)
NETWORK = NetworkRef(
    backbone="r2plus1d_narrow", weights=WeightsRef(source="file", digest="0" * 64, layout="severe")
)
WEIGHTS = FOLDER / "supervised.pt"
OPTIONS = {"min_score": 0.5, "dropout": 0.2}
RECIPE = {
    "clip": {"frames": 8, "size": 48, "stride": 2},
    "optimiser": {"lr": 5e-3},
    "schedule": {"epochs": 40, "kind": "cosine"},
    "batch_size": 16,
    "standardise": True,
}


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    root = tmp_path_factory.mktemp("keyed")
    generate(SPEC, root)
    return PROCEDURAL.load(SPEC, Location(root, root))


@pytest.fixture(scope="module")
def features(keyed: Dataset, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    torch.set_num_threads(1)
    options = AVA_DETECTION.unit_options(AvaDetectionOptions.model_validate(OPTIONS))
    folders = {}
    for split in ("train", "test"):
        folder = tmp_path_factory.mktemp(f"features-{split}")
        asked = features_job(split, network=NETWORK, unit_options=options, recipe=RECIPE)  # type: ignore[arg-type]
        run_features(asked, keyed, WEIGHTS, Wires(folder).session)
        folders[f"{split}_features"] = folder
    return folders


def probed(dataset: Dataset, features: dict[str, Path], folder: Path) -> Evaluation:
    asked = job("linear", "ava_detection", network=NETWORK, task_options=OPTIONS, recipe=RECIPE)
    session = replace(Wires(folder).session, needs=features)
    return run_evaluate(asked, dataset, WEIGHTS, session)


def test_true_labels_teach_and_shuffled_ones_do_not(
    keyed: Dataset, features: dict[str, Path], tmp_path: Path
) -> None:
    done = probed(keyed, features, tmp_path / "true")
    trivial = of_the_majority(done)
    assert value(done) > trivial + 6
    astray = probed(with_shuffled_labels(keyed), features, tmp_path / "shuffled")
    assert value(astray) < value(done) - 4
