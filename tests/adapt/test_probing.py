import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from torch import nn

from severe_bench.adapt.evaluate import run_evaluate
from severe_bench.adapt.features import FeatureTable, write_features
from severe_bench.adapt.inputs import Inputs
from severe_bench.adapt.probing import FeatureBatches, probe, standardised, targets_of_views
from severe_bench.config.recipe import Recipe
from severe_bench.core.errors import UserError
from severe_bench.core.record import Dataset, Record
from severe_bench.data.reading import Steps
from severe_bench.tasks.recognition import RECOGNITION
from tests.adapt.fakes import THREE, evaluate_job, recipe, recognition_of
from tests.train.fakes import Wires

Needs = Callable[..., dict[str, Path]]


def batches(videos: int = 10, views: int = 3, size: int = 4, seed: int = 0) -> FeatureBatches:
    """Feature 0 is the video, feature 1 the view."""
    video, view = np.meshgrid(np.arange(videos), np.arange(views), indexing="ij")
    features = torch.tensor(np.stack([video, view], axis=2), dtype=torch.float32)
    targets = torch.arange(videos)[:, None].expand(videos, views)
    return FeatureBatches(features, targets, Steps(videos, size, seed))


def epoch_of(source: FeatureBatches, epoch: int) -> dict[int, int]:
    """The view that each video showed."""
    seen = {}
    for step in range(source.steps_per_epoch):
        batch = source.batch(epoch, step)
        features = batch.inputs["features"].int().tolist()
        assert [row[0] for row in features] == batch.targets.tolist()
        seen.update(dict(features))
    return seen


def test_each_video_shows_one_view_each_epoch() -> None:
    shown = [epoch_of(batches(), epoch) for epoch in range(40)]
    assert all(set(epoch) == set(range(10)) for epoch in shown)
    for video in range(10):
        assert {epoch[video] for epoch in shown} == {0, 1, 2}


def test_batches_are_a_function_of_seed_epoch_and_step() -> None:
    source = batches()
    later = source.batch(5, 1)
    assert torch.equal(batches().batch(5, 1).inputs["features"], later.inputs["features"])
    other = batches(seed=1).batch(5, 1).inputs["features"]
    assert not torch.equal(other, later.inputs["features"])


def test_a_view_brings_its_own_target() -> None:
    """Target and feature name video and view alike."""
    video, view = np.meshgrid(np.arange(6), np.arange(3), indexing="ij")
    pairs = torch.tensor(np.stack([video, view], axis=2), dtype=torch.float32)
    source = FeatureBatches(pairs, pairs.int(), Steps(6, 4, 0))
    for epoch in range(5):
        batch = source.batch(epoch, 0)
        assert batch.inputs["features"].tolist() == batch.targets.tolist()


def test_targets_of_clips_come_from_their_times(tmp_path: Path) -> None:
    """Where the task tells clips apart; without times it says so."""
    rows = table(np.zeros((2, 3, 4)))
    job = inputs(tmp_path, rows, rows, np.array([1, 2, 0, 0]), recipe())
    assert targets_of_views(rows, job).tolist() == [[1, 1, 1], [2, 2, 2]]

    def of_clips(records: Sequence[Record], times: np.ndarray) -> torch.Tensor:
        labels = np.array([record.label for record in records])
        return torch.tensor(100 * labels + times[:, 0])

    timed = dataclasses.replace(rows, times=np.arange(12.0).reshape(2, 3, 2))
    job = dataclasses.replace(job, assignment=dataclasses.replace(THREE, clip_targets=of_clips))
    assert targets_of_views(timed, job).tolist() == [[100, 102, 104], [206, 208, 210]]
    with pytest.raises(UserError, match="do not say which seconds"):
        targets_of_views(rows, job)


def table(features: np.ndarray, weights: np.ndarray | None = None) -> FeatureTable:
    names = tuple(f"video-{number}" for number in range(len(features)))
    if weights is None:
        weights = np.full(features.shape[:2], 1 / features.shape[1])
    return FeatureTable(names, features.astype(np.float32), weights.astype(np.float32))


def test_standardised_by_the_training_features() -> None:
    random = np.random.default_rng(0)
    train, test = (random.normal(5, 3, size=(20, 2, 4)) for _ in range(2))
    train[..., 3] = test[..., 3] = 7.1
    scaled, other = standardised(table(train), table(test))
    flat = scaled.features.reshape(-1, 4)
    np.testing.assert_allclose(flat.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(flat[:, :3].std(0), 1, rtol=1e-5)
    np.testing.assert_allclose(flat[:, 3], 0, atol=1e-6)
    expected = (test - train.mean((0, 1))) / np.where(np.arange(4) < 3, train.std((0, 1)), 1)
    np.testing.assert_allclose(other.features, expected, rtol=1e-4, atol=1e-5)


def inputs(
    folder: Path, train: FeatureTable, test: FeatureTable, labels: np.ndarray, plan: Recipe
) -> Inputs:
    """A linear probe's inputs from tables; labels are those of the training, then test videos."""
    records = [
        Record(sample, "", int(label), split)
        for split, samples in (("train", train.samples), ("test", test.samples))
        for sample, label in zip(
            samples,
            labels[: len(train.samples)] if split == "train" else labels[len(train.samples) :],
            strict=True,
        )
    ]
    dataset = Dataset("tables", folder, ("a", "b", "c"), tuple(records))
    needs = {}
    for role, rows in (("train_features", train), ("test_features", test)):
        needs[role] = folder / role
        write_features(folder / role, rows)
    session = dataclasses.replace(Wires(folder).session, needs=needs)
    job = evaluate_job("linear", recipe=plan)
    task, pool, test = recognition_of(dataset), dataset.of("train"), dataset.of("test")
    return Inputs(job, dataset, RECOGNITION, task, pool, test, None, session)


def blobs(count: int, width: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Three overlapping Gaussian classes."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    centres = np.random.default_rng(99).normal(size=(3, width))
    return centres[labels] + random.normal(scale=1.5, size=(count, width)), labels


def test_reaches_the_optimum_that_scikit_learn_finds(tmp_path: Path) -> None:
    """With L2 penalty the optimum is unique: SGD with decay finds the same probabilities."""
    features, labels = blobs(90, 4, seed=0)
    tests, answers = blobs(60, 4, seed=1)
    decay = 0.05
    plan = recipe(
        batch_size=90,
        schedule={"epochs": 600, "kind": "constant"},
        optimiser={"name": "sgd", "lr": 0.5, "momentum": 0.0, "weight_decay": decay},
    )
    both = np.concatenate([labels, answers])
    found = probe(
        inputs(tmp_path, table(features[:, None]), table(tests[:, None]), both, plan)
    ).scores

    # Ours also decays the bias, so the reference sees a constant feature in its place.
    def ones(rows: np.ndarray) -> np.ndarray:
        return np.hstack([rows, np.ones((len(rows), 1))])

    reference = LogisticRegression(C=1 / (decay * 90), fit_intercept=False, tol=1e-10)
    expected = reference.fit(ones(features), labels).predict_proba(ones(tests))
    np.testing.assert_allclose(found, expected, atol=2e-4)


def test_test_views_are_merged_by_their_weights(tmp_path: Path) -> None:
    """A view of weight 0 does not count, whatever it holds."""
    features, labels = blobs(30, 4, seed=0)
    tests = np.random.default_rng(2).normal(size=(5, 3, 4))
    weights = np.array([[1, 0, 0], [0.5, 0.5, 0], [0.2, 0.3, 0.5], [1, 0, 0], [1, 0, 0]])
    both = np.concatenate([labels, np.zeros(5, int)])
    scores = []
    for name, scale in (("a", 1.0), ("b", 1e3)):
        changed = np.where(weights[..., None] > 0, tests, tests * scale)
        arguments = (table(features[:, None]), table(changed, weights), both, recipe())
        scores.append(probe(inputs(tmp_path / name, *arguments)).scores)
    np.testing.assert_array_equal(*scores)
    single = table(tests[:, :1])
    first = probe(inputs(tmp_path / "c", table(features[:, None]), single, both, recipe())).scores
    np.testing.assert_allclose(scores[0][[0, 3, 4]], first[[0, 3, 4]], rtol=1e-5)
    assert not np.allclose(scores[0][1:3], first[1:3], rtol=1e-3)


def test_standardising_rescues_badly_scaled_features(tmp_path: Path) -> None:
    features, labels = blobs(60, 4, seed=0)
    scale = np.array([1e4, 1e-4, 1.0, 50.0])
    both = np.concatenate([labels, labels])
    rows, accuracy = table((features * scale + 1000)[:, None]), {}
    for standardise in (False, True):
        plan = recipe(standardise=standardise, schedule={"epochs": 40})
        job = inputs(tmp_path / str(standardise), rows, rows, both, plan)
        accuracy[standardise] = (probe(job).scores.argmax(1) == labels).mean()
    assert accuracy[True] > 0.65 > accuracy[False] + 0.05


def test_the_probe_never_touches_the_features(
    dataset: Dataset, needs: Needs, tmp_path: Path
) -> None:
    folders = needs()
    paths = [path for folder in folders.values() for path in folder.rglob("*") if path.is_file()]
    before = {path: path.read_bytes() for path in paths}
    session = dataclasses.replace(Wires(tmp_path / "cell").session, needs=folders)
    job = evaluate_job("linear", recipe=recipe(standardise=True))
    done = run_evaluate(job, dataset, None, session)
    assert {path: path.read_bytes() for path in before} == before
    assert done.cost.clips == 0


def test_dropout_in_a_head_is_off_at_test(tmp_path: Path) -> None:
    features, labels = blobs(30, 4, seed=0)
    assignment = dataclasses.replace(
        THREE, head=lambda width: nn.Sequential(nn.Dropout(0.9), nn.Linear(4, 3))
    )
    rows, both = table(features[:, None]), np.concatenate([labels, labels])
    job = inputs(tmp_path, rows, rows, both, recipe())
    first = probe(dataclasses.replace(job, assignment=assignment)).scores
    again = probe(dataclasses.replace(job, assignment=assignment)).scores
    np.testing.assert_array_equal(first, again)


def test_without_features_it_says_so(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no train_features are given"):
        run_evaluate(evaluate_job("linear"), dataset, None, Wires(tmp_path).session)
