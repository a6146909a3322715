"""The attentive probe: its arithmetic, its batches, and a whole run on tokens."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from severe_bench.adapt import token_features
from severe_bench.adapt.attentive import ATTENTIVE
from severe_bench.adapt.attentive_probe import (
    AttentivePool,
    attentive_head,
    moments,
    probe_tokens,
)
from severe_bench.adapt.evaluate import run_evaluate
from severe_bench.adapt.features import FeatureTable, read_features, run_features, write_features
from severe_bench.adapt.inputs import Inputs
from severe_bench.adapt.probing import MappedBatches, batches_of
from severe_bench.adapt.protocol import PROTOCOLS
from severe_bench.core.errors import Interrupted, NotFinite, UserError
from severe_bench.core.record import Dataset, Record
from severe_bench.models.network import build_network
from severe_bench.plan.rows import row_kind
from severe_bench.tasks.recognition import RECOGNITION
from severe_bench.tasks.task import TASKS
from tests.adapt.fakes import (
    NETWORK,
    THREE,
    Tiny,
    broken_after_training,
    evaluate_job,
    features_job,
    recipe,
    recognition_of,
)
from tests.train.fakes import Wires

PLAN = recipe(
    batch_size=20,
    optimiser={"name": "adamw", "lr": 3e-3},
    schedule={"epochs": 12, "kind": "constant"},
)


@pytest.fixture(autouse=True)
def _stages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Tiny, "stages", ("norm",), raising=False)


def test_pooling_is_what_the_paper_writes() -> None:
    torch.manual_seed(0)
    pool = AttentivePool(128).eval()
    for parameter in pool.parameters():
        nn.init.normal_(parameter, std=0.2)
    tokens = torch.randn(3, 10, 128)
    weight, bias = pool.attend.in_proj_weight, pool.attend.in_proj_bias
    for clip, found in zip(tokens, pool(tokens), strict=True):
        q = pool.query[0] @ weight[:128].T + bias[:128]
        k = clip @ weight[128:256].T + bias[128:256]
        v = clip @ weight[256:].T + bias[256:]
        parts = [
            ((q[:, s] @ k[:, s].T) / 8).softmax(-1) @ v[:, s] for s in (slice(64), slice(64, 128))
        ]
        stream = pool.query[0] + pool.attend.out_proj(torch.cat(parts, dim=-1))
        stream = stream + pool.mlp[2](F.gelu(pool.mlp[0](stream)))
        expected = F.layer_norm(stream, (128,), pool.norm.weight, pool.norm.bias)
        torch.testing.assert_close(found, expected[0], rtol=1e-4, atol=1e-5)


def test_the_order_of_tokens_does_not_matter_and_their_number_is_free() -> None:
    pool = AttentivePool(8).eval()
    tokens = torch.randn(2, 5, 8)
    torch.testing.assert_close(pool(tokens), pool(tokens.flip(1)))
    assert pool(torch.randn(2, 9, 8)).shape == (2, 8)


def test_mean_and_deviation_are_of_all_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    tokens = random.normal(3, 2, (5, 2, 7, 4)).astype(np.float16)
    tokens[..., 3] = 0.25
    monkeypatch.setattr("severe_bench.adapt.attentive_probe.BLOCK", 12)
    mean, deviation = moments(tokens)
    flat = tokens.reshape(-1, 4).astype(np.float64)
    np.testing.assert_allclose(mean, flat.mean(0), rtol=1e-6)
    np.testing.assert_allclose(deviation[:3], flat.std(0)[:3], rtol=1e-6)
    assert deviation[3] == 1


def table(split: str, count: int = 40) -> tuple[FeatureTable, list[Record]]:
    """One of six places holds what tells the three classes apart; a mean over places drowns it."""
    random = np.random.default_rng(len(split))
    labels = np.arange(count) % 3
    tokens = random.normal(size=(count, 2, 6, 8)) * 0.3
    where = random.integers(6, size=(count, 2))
    for number, label in enumerate(labels):
        for view in range(2):
            tokens[number, view, where[number, view], label] += 3
    names = tuple(f"{split}-{number}" for number in range(count))
    weights = np.full((count, 2), 0.5, np.float32)
    records = [Record(n, n, int(c), split) for n, c in zip(names, labels, strict=True)]
    return FeatureTable(names, tokens.astype(np.float16), weights), records


def inputs(folder: Path, wires: Wires, plan: Any = PLAN) -> Inputs:
    needs, records = {}, []
    for split in ("train", "test"):
        rows, own = table(split)
        needs[f"{split}_features"] = folder / f"{split}-features"
        write_features(needs[f"{split}_features"], rows)
        records += own
    dataset = Dataset("blobs", folder, ("a", "b", "c"), tuple(records))
    session = dataclasses.replace(wires.session, needs=needs)
    task, job = recognition_of(dataset), evaluate_job("attentive", recipe=plan)
    train, test = dataset.of("train"), dataset.of("test")
    return Inputs(job, dataset, RECOGNITION, task, train, test, None, session)


@pytest.mark.parametrize("standardise", [True, False])
def test_it_finds_what_stands_at_one_place_only(tmp_path: Path, *, standardise: bool) -> None:
    plan = PLAN.model_copy(update={"standardise": standardise})
    found = probe_tokens(inputs(tmp_path, Wires(tmp_path), plan))
    assert found.scores.shape == (40, 3)
    np.testing.assert_allclose(found.scores.sum(1), 1, rtol=1e-5)
    right = found.scores.argmax(1) == np.arange(40) % 3
    assert right.mean() > 0.9
    assert found.cost.steps == 12 * 2
    assert found.cost.clips == 0


def test_views_and_order_are_those_of_a_linear_probe(tmp_path: Path) -> None:
    given = inputs(tmp_path, Wires(tmp_path))
    rows, _ = table("train")
    source = MappedBatches.of(rows, given)
    vectors = dataclasses.replace(rows, features=rows.features[:, :, 0].astype(np.float32))
    plain = batches_of(vectors, given)
    for epoch in range(2):
        for step in range(source.steps_per_epoch):
            ours, theirs = source.batch(epoch, step), plain.batch(epoch, step)
            assert torch.equal(ours.inputs["features"][:, 0], theirs.inputs["features"])
            assert torch.equal(ours.targets, theirs.targets)


def test_the_seed_decides_and_an_interruption_changes_nothing(tmp_path: Path) -> None:
    scores = []
    for name in ("whole", "cut"):
        (tmp_path / name).mkdir()
        for _ in range(20):
            stop = (lambda call: call == 9) if name == "cut" else (lambda call: False)
            try:
                scores.append(probe_tokens(inputs(tmp_path / name, Wires(tmp_path / name, stop))))
                break
            except Interrupted:
                continue
    np.testing.assert_array_equal(scores[0].scores, scores[1].scores)
    rows, _ = table("train")
    first, again, other = (attentive_head(THREE, rows, s, standardise=True) for s in (1, 1, 2))
    assert torch.equal(first.pool.query, again.pool.query)
    assert not torch.equal(first.pool.query, other.pool.query)


def features(dataset: Dataset, folder: Path, split: str, **rest: Any) -> Path:
    folder.mkdir()
    job = features_job(split, split, unit="tokens", **rest)
    run_features(job, dataset, None, Wires(folder).session)
    return folder


def test_tokens_are_the_maps_of_the_same_clips(dataset: Dataset, tmp_path: Path) -> None:
    folder = features(dataset, tmp_path / "tokens", "test")
    plain = tmp_path / "plain"
    plain.mkdir()
    summary = run_features(features_job("test", "test"), dataset, None, Wires(plain).session)
    found, vectors = read_features(folder), read_features(plain)
    assert found.features.dtype == np.float16
    assert found.features.shape == (9, 3, 6 * 8 * 8, 8)
    assert found.samples == vectors.samples
    np.testing.assert_array_equal(found.weights, vectors.weights)
    assert summary.width == 8
    rectified = np.maximum(found.features[:].astype(np.float32), 0).mean(2)
    np.testing.assert_allclose(rectified, vectors.features[:], rtol=2e-3, atol=2e-4)


def poison(monkeypatch: pytest.MonkeyPatch, value: float) -> None:
    def poisoned(*arguments: object) -> torch.nn.Module:
        network = build_network(*arguments)  # type: ignore[arg-type]
        network.norm.bias.data[0] = value
        return network

    monkeypatch.setattr("severe_bench.adapt.features.build_network", poisoned)


def test_tokens_too_large_for_half_precision_are_told_what_helps(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison(monkeypatch, 1e6)
    with pytest.raises(UserError, match=r"a token is 1e\+06 large, and half precision") as caught:
        features(dataset, tmp_path / "tokens", "test")
    assert caught.value.where.startswith("video-")
    assert caught.value.mend.startswith("use protocol linear, linear_selected or knn")


def test_tokens_that_are_infinite_before_that_are_the_networks_fault(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    poison(monkeypatch, float("inf"))
    with pytest.raises(UserError, match="the features of 9 videos are not finite"):
        features(dataset, tmp_path / "tokens", "test")


def test_a_whole_evaluation_through_the_registry(dataset: Dataset, tmp_path: Path) -> None:
    plan = recipe(schedule={"epochs": 2, "kind": "constant"}, standardise=True)
    needs = {
        f"{split}_features": features(dataset, tmp_path / split, split, recipe=plan)
        for split in ("train", "test")
    }
    session = dataclasses.replace(Wires(tmp_path).session, needs=needs)
    found = run_evaluate(evaluate_job("attentive", recipe=plan), dataset, None, session)
    assert found.predictions.scores.shape == (9, 3)
    assert [metric.name for metric in found.metrics] == ["top1", "top5", "mean_per_class"]


def test_a_probe_that_gives_nan_has_its_own_error(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = recipe(schedule={"epochs": 1, "kind": "constant"})
    needs = {
        f"{split}_features": features(dataset, tmp_path / split, split, recipe=plan)
        for split in ("train", "test")
    }
    broken_after_training(monkeypatch, "attentive_probe")
    session = dataclasses.replace(Wires(tmp_path).session, needs=needs)
    with pytest.raises(NotFinite, match="the network's outputs hold NaN or infinity"):
        run_evaluate(evaluate_job("attentive", recipe=plan), dataset, None, session)


def test_a_network_without_maps_is_said(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(Tiny, "stages")
    with pytest.raises(UserError, match="not known where this network's maps are"):
        features(dataset, tmp_path / "tokens", "test")


@pytest.mark.parametrize("what", ["disk", "memory"])
def test_tokens_that_have_no_room_are_refused_with_their_size(
    what: str, dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = 2 * 9 * 3 * 384 * 8 * 2
    usage = token_features.shutil.disk_usage(tmp_path)
    free = size - 1 if what == "disk" else size
    pages = size - 1 if what == "memory" else size
    monkeypatch.setattr(token_features.shutil, "disk_usage", lambda _: usage._replace(free=free))
    monkeypatch.setattr(
        token_features.os, "sysconf", lambda name: pages if name == "SC_PHYS_PAGES" else 1
    )
    words = rf"9 videos x 3 views x 384 places x 8 take 0.0 GB.* of {what}.*use fewer views"
    with pytest.raises(UserError, match=words):
        features(dataset, tmp_path / "tokens", "test")


def test_plan_asks_for_tokens_and_other_probes_do_not_share_them() -> None:
    tokens = row_kind("recognition", {}, "attentive", recipe())
    vectors = row_kind("recognition", {}, "linear", recipe())
    assert tokens is not None
    assert vectors is not None
    assert (tokens.unit, vectors.unit) == ("tokens", "clip")
    assert tokens.key != vectors.key


def test_tasks_whose_samples_are_no_videos_are_refused() -> None:
    assert PROTOCOLS.get("attentive") is ATTENTIVE
    assert ATTENTIVE.refuses(TASKS.get("recognition")) == ""
    assert "ava_detection reads box" in ATTENTIVE.refuses(TASKS.get("ava_detection"))


def test_a_backbone_of_ours_hands_out_tokens_too() -> None:
    network = build_network(NETWORK.model_copy(update={"backbone": "r2plus1d_narrow"}), None)
    wrapped = token_features.TokensOf("r2plus1d_narrow", network.eval())
    clips: Tensor = torch.randn(1, 3, 8, 48, 48)
    with torch.no_grad():
        torch.testing.assert_close(wrapped(clips).mean(1), network(clips))
