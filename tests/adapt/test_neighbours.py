import dataclasses
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neighbors import KNeighborsClassifier

from severe_bench.adapt import neighbours
from severe_bench.adapt.evaluate import run_evaluate
from severe_bench.adapt.features import FeatureTable, write_features
from severe_bench.adapt.inputs import Inputs
from severe_bench.adapt.neighbours import of_videos, vote, votes
from severe_bench.adapt.protocol import PROTOCOLS
from severe_bench.core.errors import UserError
from severe_bench.core.record import Dataset, Record
from severe_bench.tasks.recognition import RECOGNITION, one_hot
from severe_bench.tasks.task import TASKS
from tests.adapt.fakes import COUNTING, COUNTS, evaluate_job, recipe, recognition_of
from tests.train.fakes import Wires

CLASSES = ("a", "b", "c")


def blobs(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Features (N, 2, 5) around one direction for each class, and class ids."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % len(CLASSES)
    centres = 2 * np.eye(5)[labels][:, None]
    return centres + random.normal(size=(count, 2, 5)), labels


def unit(features: np.ndarray) -> np.ndarray:
    return features / np.linalg.norm(features, axis=-1, keepdims=True)


@pytest.mark.parametrize("count", [7, 20, 90])
def test_votes_are_those_of_sklearn(count: int) -> None:
    train, labels = blobs(count, 0)
    test, _ = blobs(40, 1)
    keys, queries = unit(train[:, 0]), unit(test[:, 0])
    judge = KNeighborsClassifier(
        n_neighbors=min(20, count),
        metric="cosine",
        algorithm="brute",
        weights=lambda distance: np.exp((1 - distance) / 0.07),
    ).fit(keys, labels)
    found = votes(torch.tensor(queries), torch.tensor(keys), one_hot(torch.tensor(labels), 3))
    np.testing.assert_allclose(found.numpy(), judge.predict_proba(queries), atol=1e-9)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    train, labels = blobs(30, 0)
    arguments = (torch.tensor(unit(train[:, 0])),) * 2
    ballots = one_hot(torch.tensor(labels), 3)
    whole = votes(*arguments, ballots)
    monkeypatch.setattr(neighbours, "BLOCK", 7)
    torch.testing.assert_close(votes(*arguments, ballots), whole)


@given(st.integers(1, 30), st.integers(1, 6), st.integers(0, 2**20))
def test_votes_are_shares(train: int, classes: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    keys = F.normalize(torch.randn(train, 4, generator=generator), dim=1)
    labels = torch.randint(classes, (train,), generator=generator)
    found = votes(keys, keys, one_hot(labels, classes))
    torch.testing.assert_close(found.sum(1), torch.ones(train))
    assert (found >= 0).all()
    absent = [c for c in range(classes) if c not in labels]
    assert (found[:, absent] == 0).all()


def test_a_ballot_may_name_several_classes_of_two_lists() -> None:
    """Two keys, as near: the share of a class is the mean of both ballots; filling stays."""
    keys = F.normalize(torch.tensor([[1.0, 1.0], [1.0, -1.0]]), dim=1)
    ballots = torch.tensor([[[1.0, 1.0], [1.0, torch.nan]], [[0.0, 1.0], [0.0, torch.nan]]])
    found = votes(torch.tensor([[1.0, 0.0]]), keys, ballots)
    expected = torch.tensor([[[0.5, 1.0], [0.5, torch.nan]]])
    torch.testing.assert_close(found, expected, equal_nan=True)


def test_a_video_is_the_weighted_mean_of_its_views_whatever_their_length() -> None:
    features = np.array([[[3.0, 0.0], [0.0, 0.5]], [[0.0, 2.0], [9.0, 9.0]]])
    weights = np.array([[0.5, 0.5], [1.0, 0.0]])
    table = FeatureTable(("a", "b"), features.astype(np.float32), weights.astype(np.float32))
    expected = torch.tensor([[0.5**0.5, 0.5**0.5], [0.0, 1.0]])
    torch.testing.assert_close(of_videos(table), expected)


@pytest.fixture
def inputs(tmp_path: Path) -> Inputs:
    """Cached features of 30 training and 12 test videos."""
    needs, records = {}, []
    for split, count, seed in (("train", 30, 0), ("test", 12, 1)):
        features, labels = blobs(count, seed)
        names = [f"{split}-{number}" for number in range(count)]
        weights = np.full((count, 2), 0.5, np.float32)
        needs[f"{split}_features"] = tmp_path / split
        needs[f"{split}_features"].mkdir()
        table = FeatureTable(tuple(names), features.astype(np.float32), weights)
        write_features(needs[f"{split}_features"], table)
        records += [
            Record(name, name, int(label), split) for name, label in zip(names, labels, strict=True)
        ]
    dataset = Dataset("blobs", tmp_path, CLASSES, tuple(records))
    session = dataclasses.replace(Wires(tmp_path).session, needs=needs)
    train, test = dataset.of("train"), dataset.of("test")
    task = recognition_of(dataset)
    return Inputs(
        evaluate_job("knn"),
        dataset,
        RECOGNITION,
        task,
        train,
        test,
        None,
        session,
        partial(one_hot, classes=len(CLASSES)),
    )


@pytest.mark.parametrize("standardise", [False, True])
def test_an_evaluation_by_knn(inputs: Inputs, standardise: bool) -> None:
    job = evaluate_job("knn", recipe=recipe(standardise=standardise))
    found = run_evaluate(job, inputs.dataset, None, inputs.session)
    top1 = next(metric for metric in found.metrics if metric.name == "top1")
    assert top1.value > 80
    assert found.predictions.scores.dtype == np.float32
    assert found.cost.steps == 0


def test_only_the_videos_that_the_budget_bought_vote(inputs: Inputs) -> None:
    few = dataclasses.replace(inputs, train=inputs.train[1::3])
    assert (vote(few).scores.argmax(1) == 1).all()


def test_a_task_without_classes_is_refused(inputs: Inputs) -> None:
    records = tuple(dataclasses.replace(record, extras={"count": 1.0}) for record in inputs.train)
    with pytest.raises(UserError, match="knn votes for classes, the task counting has none"):
        vote(
            dataclasses.replace(
                inputs, task=COUNTING, assignment=COUNTS, train=records, ballots=None
            )
        )


def test_a_task_without_ballots_is_refused_before_anything_runs() -> None:
    refuses = PROTOCOLS.get("knn").refuses
    assert refuses(COUNTING) == "neighbours cannot vote, since task counting has no `ballots`"
    assert "reads one vector of each sample" in refuses(TASKS.get("segmentation"))
    assert {name for name in TASKS.names() if not refuses(TASKS.get(name))} == {
        "recognition",
        "multi_label",
        "arrow_of_time",
        "verb_noun",
    }


def test_missing_features_are_named(inputs: Inputs) -> None:
    session = dataclasses.replace(inputs.session, needs={})
    with pytest.raises(UserError, match="no train_features are given"):
        vote(dataclasses.replace(inputs, session=session))


def test_it_is_registered() -> None:
    assert PROTOCOLS.get("knn").reads == "features"
