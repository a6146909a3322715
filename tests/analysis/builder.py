"""Synthetic results folders in the store's own format, with known strengths of the models."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.stats import norm

from severe_bench.config.recipe import Recipe
from severe_bench.core.atomic import write_json
from severe_bench.core.budget import Budget
from severe_bench.core.shards import write_shards
from severe_bench.metrics.measure import METRICS
from severe_bench.plan.cell import Cell, Label
from severe_bench.plan.job import DatasetRef, EvaluateJob, FeaturesJob, NetworkRef, WeightsRef
from severe_bench.store.cells import check, output_files, write_cell, write_failure, write_result
from severe_bench.store.layout import Layout
from severe_bench.store.predictions import Predictions, name_array, write_predictions
from severe_bench.store.result import Cost, Failure, MetricValue, Provenance, Result

CLASSES = 6
WIDTH = 32


@dataclass(frozen=True)
class Trial:
    """One experiment: chance of a right answer by model, and how many test videos.

    Those of one `setting` differ in the budget only.
    """

    name: str
    factor: str
    skill: Mapping[str, float]
    dataset: str = "near"
    protocol: str = "linear"
    budget: str = "200"
    videos: int = 200
    metric: str = "top1"
    groups: int = 0
    preset: str = "default"
    classes: tuple[str, ...] = ()
    setting: str = ""


PROVENANCE = Provenance(
    version="0.1.0",
    code="c0de" * 16,
    libraries={"torch": "2.15.0", "numpy": "2.4.6"},
    python="3.11.2",
    decoder="decord 0.6.0",
    host="node-1",
    device="cpu",
    platform="Linux x86_64",
    started="2026-11-21T01:00:00+00:00",
    finished="2026-11-21T01:01:00+00:00",
)


def evaluate_cell(trial: Trial, model: str, seed: int, needs: Mapping[str, str] = {}) -> Cell:
    """The cell of one model, experiment and seed."""
    job = EvaluateJob(
        network=_network(model),
        dataset=_dataset(trial.dataset),
        task="recognition",
        task_options={"trial": trial.setting or trial.name, "preset": trial.preset},
        protocol=trial.protocol,
        budget=Budget(count=int(trial.budget)),
        recipe=Recipe(),
        seed=seed,
    )
    label = Label(
        model=model,
        model_kind="none" if model == "none" else "ssl",
        experiment=trial.name,
        factor=trial.factor,
        dataset=trial.dataset,
        task="recognition",
        budget=trial.budget,
        protocol=trial.protocol,
        preset=trial.preset,
        seed=seed,
        headline=trial.metric,
    )
    title = f"{model} / {trial.name} / seed {seed}"
    return Cell.of(job, title, label=label, needs=dict(needs))


def features_cell(model: str, dataset: str) -> Cell:
    """The test features of one model on one dataset."""
    job = FeaturesJob(
        network=_network(model),
        dataset=_dataset(dataset),
        split="test",
        views="test",
        recipe=Recipe(),
    )
    return Cell.of(job, f"{model} / {dataset} / test features")


def write_suite(
    layout: Layout, trials: Sequence[Trial], seeds: Iterable[int] = (0, 1, 2)
) -> list[Cell]:
    """Write every cell of a suite and return the plan; models are those with a skill."""
    seeds = tuple(seeds)
    cells: list[Cell] = []
    for trial in trials:
        for model, skill in trial.skill.items():
            features = features_cell(model, trial.dataset)
            needs = {"test_features": features.id} if trial.protocol == "linear" else {}
            if needs and features not in cells:
                cells.append(features)
                write_features(layout, features, model, trial.videos)
            for seed in seeds:
                cell = evaluate_cell(trial, model, seed, needs)
                cells.append(cell)
                write_done(layout, cell, predictions(trial, model, skill, seed))
    return cells


def predictions(trial: Trial, model: str, skill: float, seed: int) -> Predictions:
    """Right with probability `skill`; hard videos are hard for every model and seed."""
    videos = np.random.default_rng((7, len(trial.name)))
    targets = videos.integers(CLASSES, size=trial.videos)
    shared = videos.normal(size=trial.videos)
    own = np.random.default_rng((seed, *model.encode(), *trial.name.encode()))
    difficulty = (shared + own.normal(size=trial.videos)) / np.sqrt(2)
    right = difficulty < norm.ppf(skill)
    answers = np.where(right, targets, (targets + 1) % CLASSES)
    scores = np.eye(CLASSES, dtype=np.float32)[answers]
    names = np.array([f"video_{i:04d}" for i in range(trial.videos)])
    groups = np.array([f"g{i % max(1, trial.groups)}" for i in range(trial.videos)])
    own_groups = groups if trial.groups else names
    return Predictions(names, targets, scores, own_groups, name_array([trial.classes]))


def write_done(layout: Layout, cell: Cell, predicted: Predictions) -> None:
    """A finished evaluate cell."""
    assert cell.label is not None
    folder = layout.folder(cell)
    write_cell(folder, cell)
    write_predictions(folder, predicted)
    measure = METRICS.get(cell.label.headline)
    value = MetricValue(
        name=measure.metric.name,
        value=measure.value(predicted.scores, predicted.targets),
        unit=measure.metric.unit,
        higher_is_better=measure.metric.higher_is_better,
        n=len(predicted.samples),
        headline=True,
    )
    _finish(folder, cell, (value,), 12.5 + cell.label.seed)


def mark_best_on_test(layout: Layout, cells: Iterable[Cell], model: str) -> None:
    """Rewrite a model's results as if their states had been chosen by the test set."""
    for cell in cells:
        if cell.label is not None and cell.label.model == model:
            result = check(layout.folder(cell))
            assert result is not None
            write_result(layout.folder(cell), result.model_copy(update={"selected_on": "test"}))


def write_features(layout: Layout, cell: Cell, model: str, videos: int) -> None:
    """Features that mix what all models share with the model's own, in two views."""
    shared = np.random.default_rng(1).normal(size=(videos, 1, WIDTH))
    own = np.random.default_rng([*model.encode()]).normal(size=(videos, 2, WIDTH))
    share = 0.2 + 0.15 * (len(model) % 5)
    folder = layout.folder(cell)
    write_cell(folder, cell)
    values = (share * shared + (1 - share) * own).astype(np.float32)
    weights = np.full((videos, 2), 0.5, np.float32)
    write_shards(folder, [{"features": values, "weights": weights}])
    write_json(folder / "samples.json", [f"video_{i:04d}" for i in range(videos)])
    _finish(folder, cell, (), 4.0)


def write_failed(layout: Layout, cell: Cell, message: str) -> None:
    """A failed cell."""
    folder = layout.folder(cell)
    write_cell(folder, cell)
    hint = "lower batch_size"
    failure = Failure.model_validate(
        {"cell": cell.id, "class": "out_of_memory", "message": message, "hint": hint}
    )
    write_failure(folder, failure)


def _finish(folder: Path, cell: Cell, metrics: tuple[MetricValue, ...], seconds: float) -> None:
    result = Result(
        cell=cell.id,
        kind=cell.job.kind,
        label=cell.label,
        metrics=metrics,
        cost=Cost(seconds=seconds, peak_memory_bytes=700 * 2**20),
        provenance=PROVENANCE,
        files=output_files(folder),
    )
    write_result(folder, result)


def _network(model: str) -> NetworkRef:
    weights = WeightsRef(source="file", digest=model.encode().hex(), layout="severe")
    return NetworkRef(backbone="r2plus1d_narrow", weights=weights)


def _dataset(name: str) -> DatasetRef:
    return DatasetRef(adapter="procedural", digest=name.encode().hex())
