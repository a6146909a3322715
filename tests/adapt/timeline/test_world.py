"""Shipped checkpoints teach what happens when on the built-in world; shuffled labels do not.

Linear probes, in seconds. The trivial predictors have the commonest id at every moment, and every
class from the first moment to the last.
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
from tests.adapt.fakes import evaluate_job, features_job
from tests.adapt.timeline.stretches import recipe
from tests.adapt.timeline.test_learning import trivial, value, with_shuffled_labels
from tests.train.fakes import Wires

pytestmark = pytest.mark.slow
SPEC = WorldSpec(world="routine", train=36, test=18)
NETWORK = NetworkRef(
    backbone="r2plus1d_narrow", weights=WeightsRef(source="file", digest="0" * 64, layout="severe")
)
HOP = {"hop": 0.25, "hop_in": "clips"}
RECIPE = recipe(
    clip={"frames": 8, "size": 48, "stride": 2},
    optimiser={"name": "adamw", "lr": 2e-3, "weight_decay": 1e-2},
    schedule={"epochs": 30, "kind": "cosine"},
    batch_size=8,
)


@pytest.fixture(scope="module")
def routine(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    root = tmp_path_factory.mktemp("routine")
    generate(SPEC, root)
    return PROCEDURAL.load(SPEC, Location(root, root))


@pytest.fixture(scope="module")
def rows(routine: Dataset, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Of the checkpoint that was trained to tell tubelets apart."""
    torch.set_num_threads(1)
    folders = {}
    for split in ("train", "test"):
        job = features_job(
            split, "test", network=NETWORK, unit="timeline", unit_options=HOP, recipe=RECIPE
        )
        folder = folders[f"{split}_features"] = tmp_path_factory.mktemp(split)
        run_features(job, routine, FOLDER / "tubelet_contrast.pt", Wires(folder).session)
    return folders


def probed(task: str, dataset: Dataset, rows: dict[str, Path], folder: Path) -> Evaluation:
    job = evaluate_job("linear", task, task_options=HOP, network=NETWORK, recipe=RECIPE)
    return run_evaluate(job, dataset, None, replace(Wires(folder).session, needs=rows))


@pytest.mark.parametrize(("task", "margin"), [("segmentation", 25), ("localisation", 35)])
def test_true_labels_teach_and_shuffled_ones_do_not(
    task: str, margin: float, routine: Dataset, rows: dict[str, Path], tmp_path: Path
) -> None:
    done = probed(task, routine, rows, tmp_path / "true")
    assert value(done) > trivial(done, routine) + margin
    astray = probed(task, with_shuffled_labels(routine), rows, tmp_path / "shuffled")
    assert value(astray) < value(done) - margin
