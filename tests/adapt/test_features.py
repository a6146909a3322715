import dataclasses
import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

from severe_bench.adapt.features import (
    FeatureTable,
    read_features,
    run_features,
    write_features,
)
from severe_bench.adapt.network import state_digest
from severe_bench.core.errors import Interrupted, UserError
from severe_bench.core.record import Dataset, Record
from severe_bench.core.shards import Shards, write_shards
from severe_bench.data import sources
from severe_bench.data.store import VideoStore
from severe_bench.models.network import build_network
from tests.adapt.fakes import NETWORK, features_job, recipe
from tests.train.fakes import Wires

VIEWS = pytest.mark.parametrize("views", ["train", "test"])


def files_in(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.is_file()}


@VIEWS
def test_what_is_written(views: str, dataset: Dataset, tmp_path: Path) -> None:
    plan = recipe(feature_views=2)
    job = features_job("train", views, recipe=plan)
    summary = run_features(job, dataset, None, Wires(tmp_path).session)
    shards = [f"{name}-00000000.npy" for name in ("features", "times", "weights")]
    assert sorted(files_in(tmp_path)) == sorted([*shards, "samples.json", "shards.json"])
    table = read_features(tmp_path)
    count = 2 if views == "train" else 3
    assert table.features.shape == (18, count, 8)
    assert table.features.dtype == table.weights.dtype == np.float32
    np.testing.assert_allclose(table.weights.sum(1), 1, rtol=1e-6)
    assert table.times is not None
    assert table.times.shape == (18, count, 2)
    assert (table.times[..., 0] >= 0).all()
    assert (table.times[..., 1] - table.times[..., 0] <= 5 / 12 + 1e-9).all()
    assert list(table.samples) == [record.sample for record in dataset.of("train")]
    assert (summary.samples, summary.views, summary.width) == (18, count, 8)
    assert summary.clips == int((table.weights > 0).sum())


def test_test_features_are_the_backbones_of_each_test_clip(
    dataset: Dataset, tmp_path: Path
) -> None:
    """Apart: one video, one clip at a time; equal clips once, the rest filled up at weight 0."""
    run_features(features_job("test", "test"), dataset, None, Wires(tmp_path).session)
    table = read_features(tmp_path).of(dataset.of("test"))
    backbone, store = build_network(NETWORK, None).eval(), VideoStore(dataset.root)
    counts = set()
    for row, record in enumerate(dataset.of("test")):
        views = sources.test_clips(store, record, recipe(), NETWORK.input)
        count = len(views.weights)
        counts.add(count)
        with torch.inference_mode():
            apart = torch.cat([backbone(clip[None]) for clip in views.clips]).numpy()
        np.testing.assert_allclose(table.features[row, :count], apart, rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(table.weights[row, :count], views.weights.numpy())
        assert not table.weights[row, count:].any()
        for extra in table.features[row, count:]:
            np.testing.assert_array_equal(extra, table.features[row, 0])
    assert counts == {1, 3}


def test_training_videos_may_be_seen_as_tests_are(dataset: Dataset, tmp_path: Path) -> None:
    """In the same clips as if they were test videos."""
    moved = [dataclasses.replace(record, split="test") for record in dataset.of("train")]
    as_tests = dataclasses.replace(dataset, records=tuple(moved))
    for name, split, data in (("a", "train", dataset), ("b", "test", as_tests)):
        job = features_job(split, "test")
        run_features(job, data, None, Wires(tmp_path / name).session)
    assert files_in(tmp_path / "a") == files_in(tmp_path / "b")


def test_train_views_differ_and_repeat_by_seed(dataset: Dataset, tmp_path: Path) -> None:
    plan, found = recipe(feature_views=3), []
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        job = features_job("train", "train", recipe=plan, seed=seed)
        run_features(job, dataset, None, Wires(tmp_path / name).session)
        found.append(read_features(tmp_path / name).features[:])
    np.testing.assert_array_equal(found[0], found[1])
    assert not np.isclose(found[0], found[2]).all(axis=(1, 2)).any()
    first, second, third = (found[0][:, view] for view in range(3))
    for left, right in ((first, second), (first, third), (second, third)):
        assert not (left == right).all(axis=1).any()


@VIEWS
@pytest.mark.parametrize("batch_size", [4, 7])
def test_stopped_at_every_poll_gives_the_same_files(
    views: str, batch_size: int, dataset: Dataset, tmp_path: Path
) -> None:
    plan = recipe(feature_views=2, batch_size=batch_size)
    job = features_job("train", views, recipe=plan)
    run_features(job, dataset, None, Wires(tmp_path / "whole").session)
    stops = 0
    while not (tmp_path / "pieces" / "shards.json").exists():
        wires = Wires(tmp_path / "pieces", stop=lambda call: call == 1)
        try:
            run_features(job, dataset, None, wires.session)
        except Interrupted:
            stops += 1
    assert stops >= 5
    assert files_in(tmp_path / "pieces") == files_in(tmp_path / "whole")


class Killed(BaseException):
    """Stands for SIGKILL."""


@pytest.mark.parametrize("die_at", [0, 1, 4, 8])
def test_killed_anywhere_gives_the_same_files(
    die_at: int, dataset: Dataset, tmp_path: Path
) -> None:
    job = features_job("test", "test")
    run_features(job, dataset, None, Wires(tmp_path / "whole").session)

    def die(call: int) -> bool:
        if call == die_at:
            raise Killed
        return False

    wires = Wires(tmp_path / "killed", stop=die, due=lambda call: call % 3 == 2)
    with pytest.raises(Killed):
        run_features(job, dataset, None, wires.session)
    run_features(job, dataset, None, Wires(tmp_path / "killed").session)
    assert files_in(tmp_path / "killed") == files_in(tmp_path / "whole")


def test_killed_before_the_result_is_stored_costs_no_second_pass(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = features_job("test", "test")
    run_features(job, dataset, None, Wires(tmp_path).session)
    whole = files_in(tmp_path)
    monkeypatch.setattr("severe_bench.adapt.clip_features.features_of", pytest.fail)
    run_features(job, dataset, None, Wires(tmp_path).session)
    assert files_in(tmp_path) == whole


def test_the_backbone_is_the_same_afterwards(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = []

    def build(*arguments: object) -> torch.nn.Module:
        built.append(build_network(*arguments))  # type: ignore[arg-type]
        return built[-1]

    monkeypatch.setattr("severe_bench.adapt.features.build_network", build)
    run_features(features_job("test", "test"), dataset, None, Wires(tmp_path).session)
    assert state_digest(built[0]) == state_digest(build_network(NETWORK, None))


def test_features_that_are_not_finite_name_the_video(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def poisoned(*arguments: object) -> torch.nn.Module:
        network = build_network(*arguments)  # type: ignore[arg-type]
        network.norm.bias.data[0] = float("inf")
        return network

    monkeypatch.setattr("severe_bench.adapt.features.build_network", poisoned)
    with pytest.raises(UserError, match="not finite") as caught:
        run_features(features_job("test", "test"), dataset, None, Wires(tmp_path).session)
    assert caught.value.where == "video-18"
    assert not (tmp_path / "shards.json").exists()


def table() -> FeatureTable:
    features = np.arange(24, dtype=np.float32).reshape(4, 2, 3)
    return FeatureTable(("a", "b", "c", "d"), features, np.full((4, 2), 0.5, np.float32))


def test_rows_are_found_by_sample(dataset: Dataset) -> None:
    records = dataset.of("train")[:2]
    named = FeatureTable(
        tuple(record.sample for record in reversed(records)),
        table().features[:2],
        table().weights[:2],
    )
    found = named.of(records)
    assert found.samples == tuple(record.sample for record in records)
    np.testing.assert_array_equal(found.features, table().features[[1, 0]])


def test_a_sample_without_features_is_said(dataset: Dataset) -> None:
    with pytest.raises(UserError, match="no features of video-00 and 2 more"):
        table().of(dataset.of("train")[:3])


def test_times_are_optional_and_follow_their_rows(dataset: Dataset, tmp_path: Path) -> None:
    write_features(tmp_path / "without", table())
    assert read_features(tmp_path / "without").times is None
    timed = dataclasses.replace(table(), times=np.arange(16.0).reshape(4, 2, 2))
    write_features(tmp_path / "with", timed)
    record = Record("c", "", None, "test")
    found = read_features(tmp_path / "with").of([record])
    np.testing.assert_array_equal(found.times, timed.times[2:3])


ARRAYS = tuple(f"{name}-00000000.npy" for name in ("features", "weights", "times"))
FILES = (*ARRAYS, "samples.json", "shards.json")
HARMS = [(name, harm) for name in FILES for harm in ("lost", "cut", "zeros", "other")]


@pytest.mark.parametrize(("name", "harm"), HARMS)
def test_damaged_files_are_said(tmp_path: Path, name: str, harm: str) -> None:
    write_features(tmp_path, dataclasses.replace(table(), times=np.zeros((4, 2, 2))))
    path = tmp_path / name
    if harm == "lost":
        path.unlink()
    elif harm == "cut":
        path.write_bytes(path.read_bytes()[:-3])
    elif harm == "zeros":
        path.write_bytes(path.read_bytes()[:40] + bytes(100))
    elif name.endswith(".json"):
        path.write_text(json.dumps(["a"]))
    else:
        np.save(path, np.zeros((3, 2), np.float32))
    with pytest.raises(UserError) as caught:
        read_features(tmp_path)
    assert caught.value.where == str(tmp_path)


def test_an_empty_split_is_said(dataset: Dataset, tmp_path: Path) -> None:
    emptied = Dataset("colours", dataset.root, dataset.classes, dataset.of("test"))
    with pytest.raises(UserError, match="there is no train sample"):
        run_features(features_job("train", "train"), emptied, None, Wires(tmp_path).session)


def test_memory_holds_a_part_and_not_the_split(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Small parts and small shards give the same numbers, from several files."""
    job = features_job("train", "train", recipe=recipe(feature_views=2))
    run_features(job, dataset, None, Wires(tmp_path / "whole").session)
    monkeypatch.setattr("severe_bench.adapt.parts.PART_BYTES", 100)
    monkeypatch.setattr(
        "severe_bench.adapt.features.write_shards", partial(write_shards, shard_bytes=500)
    )
    run_features(job, dataset, None, Wires(tmp_path / "split").session)
    assert len(list((tmp_path / "split" / "parts").iterdir())) > 4
    assert len(list((tmp_path / "split").glob("features-*.npy"))) > 4
    one, many = (read_features(tmp_path / name) for name in ("whole", "split"))
    assert one.samples == many.samples
    for name in ("features", "weights", "times"):
        np.testing.assert_array_equal(getattr(one, name)[:], getattr(many, name)[:])


def test_few_rows_are_taken_into_memory_and_many_are_not(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    records = dataset.of("train")[:4]
    named = dataclasses.replace(table(), samples=tuple(record.sample for record in records))
    write_features(tmp_path, named)
    found = read_features(tmp_path)
    assert isinstance(found.of(records[::-1]).features, np.ndarray)
    monkeypatch.setattr("severe_bench.adapt.features.HELD_BYTES", 4 * 6 * 2)
    left = found.of(records[:0:-1]).features
    assert isinstance(left, Shards)
    np.testing.assert_array_equal(left[:], table().features[:0:-1])
    assert isinstance(found.of(records[:2]).features, np.ndarray)
