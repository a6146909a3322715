import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from severe_bench.adapt import features, retrieval_ranking, rows
from severe_bench.adapt.evaluate import Evaluation, run_evaluate
from severe_bench.adapt.features import FeatureTable, write_features
from severe_bench.adapt.protocol import PROTOCOLS
from severe_bench.adapt.retrieval_ranking import of_clips, of_means, ranked
from severe_bench.core.budget import Budget
from severe_bench.core.errors import UserError
from severe_bench.core.record import Dataset, Record
from severe_bench.tasks.task import TASKS
from tests.adapt.fakes import evaluate_job, recipe
from tests.train.fakes import Wires

CLASSES = ("a", "b", "c")
VIEWS = 4


def table(split: str, count: int, seed: int, noise: float = 1.0) -> tuple[FeatureTable, list[int]]:
    """Features around a direction for each class; every other video has two different views."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % 3
    vectors = 2 * np.eye(6)[labels][:, None] + noise * random.normal(size=(count, VIEWS, 6))
    weights = np.full((count, VIEWS), 1 / VIEWS)
    weights[1::2] = [0.75, 0.25, 0.0, 0.0]
    names = tuple(f"{split}-{number}" for number in range(count))
    found = FeatureTable(names, vectors.astype(np.float32), weights.astype(np.float32))
    return found, labels.tolist()


def dataset_of(*tables: tuple[str, FeatureTable, list[int]]) -> Dataset:
    records = [
        Record(name, name, label, split)
        for split, of_split, labels in tables
        for name, label in zip(of_split.samples, labels, strict=True)
    ]
    return Dataset("blobs", Path(), CLASSES, tuple(records))


def evaluated(folder: Path, count: int, task: str = "retrieval", **rest: object) -> Evaluation:
    """A task on features of `count` training and 30 test videos."""
    return on_tables(folder, table("train", count, 0), table("test", 30, 1), task, **rest)


def on_tables(
    folder: Path,
    training: tuple[FeatureTable, list[int]],
    testing: tuple[FeatureTable, list[int]],
    task: str = "retrieval",
    **rest: object,
) -> Evaluation:
    """Likewise, of these features with their labels."""
    (train, known), (test, asked) = training, testing
    needs = {}
    for role, found in (("train_features", train), ("test_features", test)):
        needs[role] = folder / role
        write_features(needs[role], found)
    dataset = dataset_of(("train", train, known), ("test", test, asked))
    session = dataclasses.replace(Wires(folder).session, needs=needs)
    return run_evaluate(evaluate_job("frozen", task, **rest), dataset, None, session)


@pytest.mark.parametrize("count", [12, 90])
def test_a_video_query_is_that_of_sklearn(count: int, tmp_path: Path) -> None:
    done = evaluated(tmp_path, count)
    train, labels = table("train", count, 0)
    test, _ = table("test", 30, 1)
    means = [(t.features * t.weights[:, :, None]).sum(1) for t in (train, test)]
    judge = NearestNeighbors(n_neighbors=min(50, count), metric="cosine", algorithm="brute")
    expected = np.array(labels)[judge.fit(means[0]).kneighbors(means[1], return_distance=False)]
    scores = done.predictions.scores
    assert scores.shape == (30, 1, 50)
    np.testing.assert_array_equal(scores[:, 0, : min(50, count)], expected)
    assert np.isnan(scores[:, 0, min(50, count) :]).all()


def test_a_clip_query_asks_and_finds_clips(tmp_path: Path) -> None:
    """Every view, the equal ones as often as they occur, against every view."""
    done = evaluated(tmp_path, 12, task_options={"query": "clip"})
    train, labels = table("train", 12, 0)
    test, _ = table("test", 30, 1)
    clips = [
        np.array([view for video, weights in zip(t.features, t.weights, strict=True)
                  for view, weight in zip(video, weights, strict=True)
                  for _ in range(round(weight * VIEWS))])
        for t in (train, test)
    ]  # fmt: skip
    unit = [rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in clips]
    similar = unit[1] @ unit[0].T
    scores = done.predictions.scores
    assert scores.shape == (30, VIEWS, 50)
    assert np.isnan(scores[..., 48:]).all()
    owners = np.repeat(labels, VIEWS)
    for query, found in zip(similar, scores.reshape(-1, 50), strict=True):
        order = np.argsort(-query)
        np.testing.assert_array_equal(found[:48], owners[order])


def test_training_videos_may_have_other_views_than_test_videos(tmp_path: Path) -> None:
    """A training video of one view: each clip's neighbours are those of its own class."""
    train, known = table("train", 60, 0, noise=0.0)
    test, asked = table("test", 30, 1, noise=0.0)
    single = FeatureTable(train.samples, train.features[:, :1], np.ones((60, 1), np.float32))
    done = on_tables(tmp_path, (single, known), (test, asked), task_options={"query": "clip"})
    nearest = done.predictions.scores[:, :, :20]
    assert (nearest == np.array(asked)[:, None, None]).all()


def test_metrics_never_fall_with_k(tmp_path: Path) -> None:
    for query in ("video", "clip"):
        done = evaluated(tmp_path / query, 60, task_options={"query": query})
        values = [metric.value for metric in done.metrics]
        assert done.metrics[0].name == "recall_at_1"
        assert values == sorted(values)
        assert 60 < values[0] < 100
        assert values[-1] == 100


def test_only_the_videos_that_the_budget_bought_can_be_found(tmp_path: Path) -> None:
    done = evaluated(tmp_path, 60, budget=Budget(count=7))
    assert (~np.isnan(done.predictions.scores[:, 0])).sum(axis=1).tolist() == [7] * 30


def test_standardised_by_the_gallery(tmp_path: Path) -> None:
    plain, scaled = (
        evaluated(tmp_path / str(how), 60, recipe=recipe(standardise=how)).predictions.scores
        for how in (False, True)
    )
    assert not np.array_equal(plain, scaled)


@given(st.integers(1, 70), st.integers(1, 5), st.integers(1, 80), st.integers(0, 999))
def test_ranks_by_falling_similarity(items: int, queries: int, block: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    gallery, asked = (torch.randn(n, 3, generator=generator) for n in (items, queries))
    found = ranked(asked, torch.split(gallery, block))
    assert found.shape == (queries, min(items, 50))
    similar = torch.cosine_similarity(asked[:, None], gallery[None], dim=2)
    inorder = similar.gather(1, found)
    assert (inorder.diff(dim=1) <= 1e-6).all()
    assert all(len(set(row)) == len(row) for row in found.tolist())
    nearest = similar.sort(dim=1, descending=True).values[:, :50]
    torch.testing.assert_close(inorder, nearest)


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    gallery, asked = torch.randn(20, 3), torch.randn(10, 3)
    whole = ranked(asked, [gallery])
    monkeypatch.setattr(retrieval_ranking, "BLOCK", 3)
    assert torch.equal(ranked(asked, [gallery]), whole)


@pytest.mark.parametrize("query", ["video", "clip"])
@pytest.mark.parametrize("scaled", [False, True])
def test_features_on_the_disk_give_the_same(
    query: str, scaled: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"task_options": {"query": query}, "recipe": recipe(standardise=scaled)}
    held = evaluated(tmp_path / "held", 90, **given).predictions.scores
    monkeypatch.setattr(features, "HELD_BYTES", 0)
    monkeypatch.setattr(rows, "BLOCK_BYTES", 7 * VIEWS * 6 * 4)
    read = evaluated(tmp_path / "read", 90, **given).predictions.scores
    np.testing.assert_array_equal(read, held)


def test_items() -> None:
    found, _ = table("x", 2, 0)
    clips, means = (items(found.features, found.weights) for items in (of_clips, of_means))
    assert clips.shape == (2, VIEWS, 6)
    assert clips[1].tolist() == found.features[1][[0, 0, 0, 1]].tolist()
    torch.testing.assert_close(means[:, 0], clips.mean(1))


@pytest.mark.parametrize("protocol", ["finetune", "linear", "knn", "linear_selected"])
@pytest.mark.parametrize("task", ["retrieval", "clustering"])
def test_other_protocols_are_refused(task: str, protocol: str) -> None:
    why = PROTOCOLS.get(protocol).refuses(TASKS.get(task))
    assert f"task {task} has" in why
    assert not PROTOCOLS.get("frozen").refuses(TASKS.get(task))


def test_what_needs_training_cannot_stay_frozen() -> None:
    why = PROTOCOLS.get("frozen").refuses(TASKS.get("multi_label"))
    assert why == "task multi_label needs training"


def test_unknown_options_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"task_options\.query"):
        evaluated(tmp_path, 12, task_options={"query": "frame"})
