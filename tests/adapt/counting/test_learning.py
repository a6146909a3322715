"""Counting learns on the built-in world, and only from labels that are true."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from severe_bench.adapt.evaluate import Evaluation, run_evaluate
from severe_bench.core.extras import COUNT, STARTS, STOP
from severe_bench.core.record import Dataset, Record
from severe_bench.data.adapter import Location
from severe_bench.data.datasets.procedural import PROCEDURAL
from severe_bench.data.procedural.generate import generate
from severe_bench.data.procedural.spec import WorldSpec
from severe_bench.data.repetitions import boundaries
from severe_bench.metrics.counting import counting_error
from severe_bench.models.shipped import FOLDER
from severe_bench.plan.job import NetworkRef, WeightsRef
from tests.adapt.counting.fakes import counting_job
from tests.train.fakes import Wires

pytestmark = pytest.mark.slow

SPEC = WorldSpec(world="counted", train=120, test=48)
NETWORK = NetworkRef(
    backbone="r2plus1d_narrow", weights=WeightsRef(source="file", digest="0" * 64, layout="severe")
)
OPTIONS = {"clips": 3, "scales": 16, "levels": 2}
RECIPE = {
    "clip": {"frames": 16, "size": 16},
    "optimiser": {"name": "adamw", "lr": 2e-3, "weight_decay": 1e-4},
    "schedule": {"epochs": 1, "kind": "cosine"},
    "batch_size": 16,
}


@pytest.fixture(scope="module")
def counted(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    root = tmp_path_factory.mktemp("counted")
    generate(SPEC, root)
    return PROCEDURAL.load(SPEC, Location(root, root))


def measured(dataset: Dataset, folder: Path) -> Evaluation:
    job = counting_job(
        "finetune",
        network=NETWORK,
        task_options=OPTIONS,
        recipe=RECIPE,
        dataset={"adapter": "procedural", "digest": "0" * 64},
    )
    return run_evaluate(job, dataset, FOLDER / "tubelet_contrast.pt", Wires(folder).session)


def best_constant(targets: np.ndarray) -> float:
    """Error of the constant that does best on the test videos themselves."""
    guesses = np.arange(1, 13, dtype=np.float32)
    return min(counting_error(np.full(len(targets), g, np.float32), targets) for g in guesses)


def with_bounds_of(record: Record, other: Record) -> Record:
    """The repetitions of another video, stretched to where this one's lie."""
    own, foreign = boundaries(record), np.array(boundaries(other))
    share = (foreign - foreign[0]) / (foreign[-1] - foreign[0])
    bounds = (own[0] + (share * (own[-1] - own[0])).round().astype(int)).tolist()
    extras = {
        **record.extras,
        **COUNT.set(len(bounds) - 1),
        **STARTS.set(tuple(bounds[:-1])),
        **STOP.set(bounds[-1]),
    }
    return replace(record, extras=extras)


def shuffled(dataset: Dataset) -> Dataset:
    train = dataset.of("train")
    order = np.random.default_rng(0).permutation(len(train))
    mixed = tuple(with_bounds_of(record, train[n]) for record, n in zip(train, order, strict=True))
    return replace(dataset, records=(*mixed, *dataset.of("test")))


def test_counting_beats_every_constant(counted: Dataset, tmp_path: Path) -> None:
    """By an error lower by 0.2 at least; 0.14 to 0.19 against 0.455 was measured."""
    found = measured(counted, tmp_path)
    constant = best_constant(found.predictions.targets)
    assert found.metrics[0].value < constant - 0.2
    assert np.corrcoef(found.predictions.scores, found.predictions.targets)[0, 1] > 0.5


def test_counting_learns_nothing_from_shuffled_labels(counted: Dataset, tmp_path: Path) -> None:
    found = measured(shuffled(counted), tmp_path)
    assert found.metrics[0].value > best_constant(found.predictions.targets) - 0.05
