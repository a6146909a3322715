"""What an evaluation cell stores beside the numbers."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from severe_bench.adapt import evaluate
from severe_bench.config.recipe import Recipe
from severe_bench.core.budget import Budget
from severe_bench.core.record import Dataset
from severe_bench.plan.job import DatasetRef, EvaluateJob, NetworkRef, WeightsRef
from severe_bench.run.kinds.evaluation import named

SAMPLES = np.array(["v0", "v1"])
FOUND = evaluate.Predictions(SAMPLES, np.array([0, 1]), np.eye(2, dtype=np.float32), SAMPLES)
DATASET = Dataset("d", Path(), ("None", "<b>"), ())
JOB = EvaluateJob(
    network=NetworkRef(backbone="r3d_18", weights=WeightsRef(source="none", digest="", layout="")),
    dataset=DatasetRef(adapter="manifest", digest="00"),
    task="recognition",
    protocol="linear",
    budget=Budget(count=2),
    recipe=Recipe(),
    seed=0,
)


def test_predictions_are_stored_with_the_names_of_the_classes() -> None:
    stored = named(FOUND, JOB, DATASET)
    assert stored.classes.tolist() == ["None", "<b>"]
    assert np.array_equal(stored.scores, FOUND.scores)


def test_a_task_without_classes_stores_no_names() -> None:
    job = JOB.model_copy(update={"task": "counting"})
    assert named(FOUND, job, DATASET).classes.size == 0
    assert named(FOUND, JOB, replace(DATASET, classes=())).classes.size == 0
