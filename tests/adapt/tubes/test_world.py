"""Clips teach where and what on the built-in world; with shuffled labels only where.

The narrow network from the shipped supervised weights, finetuned, reaches 51 % video-mAP@0.2, with
shuffled labels 28 %, and the trivial predictor, who has the mean training box in every frame for
every class, 8 %.
"""

from pathlib import Path

import numpy as np
import pytest
import torch

from severe_bench.adapt.evaluate import Evaluation, run_evaluate
from severe_bench.core.extras import TUBES
from severe_bench.core.record import Dataset
from severe_bench.data.adapter import Location
from severe_bench.data.datasets.procedural import PROCEDURAL
from severe_bench.data.procedural.generate import generate
from severe_bench.data.procedural.spec import WorldSpec
from severe_bench.metrics.tube_map import video_map
from severe_bench.models.shipped import FOLDER
from severe_bench.plan.job import NetworkRef, WeightsRef
from tests.adapt.squares import job
from tests.adapt.tubes.test_learning import values, with_shuffled_labels
from tests.train.fakes import Wires

pytestmark = pytest.mark.slow
SPEC = WorldSpec(world="staged", train=90, test=24)
NETWORK = NetworkRef(
    backbone="r2plus1d_narrow", weights=WeightsRef(source="file", digest="0" * 64, layout="severe")
)
OPTIONS = {"key_frames": "drawn", "every": 2, "time": "last"}
RECIPE = {
    "clip": {"frames": 8, "size": 48},
    "augment": {"crop": "short_side", "short_side": [1.0, 1.1], "saturation": 0, "hue": 0},
    "optimiser": {"lr": 1e-2},
    "schedule": {"epochs": 6, "kind": "cosine", "clips_per_video": 4},
    "batch_size": 16,
}


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    root = tmp_path_factory.mktemp("staged")
    generate(SPEC, root)
    return PROCEDURAL.load(SPEC, Location(root, root))


def finetuned(dataset: Dataset, folder: Path) -> Evaluation:
    torch.set_num_threads(1)
    asked = job("finetune", "tube_detection", network=NETWORK, task_options=OPTIONS, recipe=RECIPE)
    return run_evaluate(asked, dataset, FOLDER / "supervised.pt", Wires(folder).session)


def trivial(evaluation: Evaluation, dataset: Dataset) -> float:
    boxes = [box for r in dataset.of("train") for tube in TUBES.of(r) for box in tube.boxes]
    row = np.tile([*np.mean(boxes, axis=0), 1.0], SPEC.frames)
    tubes = np.stack([np.r_[label, row] for label in range(len(dataset.classes))])
    targets = evaluation.predictions.targets
    return video_map(np.tile(tubes, (len(targets), 1, 1)).astype(np.float32), targets, (0.2,))


def test_true_labels_teach_and_shuffled_ones_do_not(staged: Dataset, tmp_path: Path) -> None:
    done = finetuned(staged, tmp_path / "true")
    found = values(done)["video_map_020"]
    assert found > trivial(done, staged) + 15
    astray = values(finetuned(with_shuffled_labels(staged), tmp_path / "shuffled"))
    assert astray["video_map_020"] < found - 12
