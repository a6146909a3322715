import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from severe_bench.adapt.both_ways import both_ways
from severe_bench.adapt.evaluate import run_evaluate
from severe_bench.adapt.features import FeatureTable, read_features, run_features
from severe_bench.adapt.unit import UNITS
from severe_bench.core.budget import Budget
from severe_bench.core.extras import REVERSED
from severe_bench.core.record import Dataset, Record
from severe_bench.data.reading import TestReader as Reader
from severe_bench.data.store import VideoStore
from tests.adapt.fakes import evaluate_job, features_job, recipe
from tests.train.fakes import Wires

UNIFORM = {"frames": 6, "size": 16, "sampling": "uniform"}
Needs = Callable[[], dict[str, Path]]


def test_each_record_twice_in_one_group() -> None:
    records = [Record("a", "a.mp4", 3, "test"), Record("b", "b.mp4", 4, "test", group="long")]
    found = both_ways(records, {})
    names = ["a|forward", "a|backward", "b|forward", "b|backward"]
    assert [record.sample for record in found] == names
    assert [REVERSED.of(record) for record in found] == [False, True, False, True]
    assert [record.group for record in found] == ["a.mp4", "a.mp4", "long", "long"]
    assert {(record.path, record.label) for record in found[:2]} == {("a.mp4", 3)}


def test_the_backward_clip_is_the_forward_one_turned_round(dataset: Dataset) -> None:
    plan = recipe(clip=UNIFORM)
    records = both_ways(dataset.of("test")[:1], {})
    store = VideoStore(dataset.root)
    forward, backward = (Reader(store, records, plan)(number) for number in (0, 1))
    clips = forward.frames[forward.places]
    np.testing.assert_array_equal(backward.frames[backward.places], clips[:, ::-1])
    assert not np.array_equal(clips, clips[:, ::-1])


@pytest.fixture
def needs(dataset: Dataset, tmp_path: Path) -> Needs:
    def compute() -> dict[str, Path]:
        folders = {}
        for split in ("train", "test"):
            job = features_job(split, split, recipe=recipe(clip=UNIFORM), unit="clip_both_ways")
            folders[f"{split}_features"] = tmp_path / split
            run_features(job, dataset, None, Wires(tmp_path / split).session)
        return folders

    return compute


def test_rows_of_features_are_the_examples(dataset: Dataset, needs: Needs) -> None:
    table = read_features(needs()["test_features"])
    assert table.samples[:2] == ("video-18|forward", "video-18|backward")
    assert isinstance(table, FeatureTable)
    assert table.features.shape[:2] == (18, 3)
    forward, backward = table.features[::2], table.features[1::2]
    assert not np.isclose(forward, backward, atol=1e-6).all(axis=(1, 2)).any()
    assert table.times is not None
    np.testing.assert_array_equal(table.times[::2], table.times[1::2])


@pytest.mark.parametrize("protocol", ["finetune", "linear", "linear_selected", "knn"])
def test_by_every_protocol(protocol: str, dataset: Dataset, needs: Needs, tmp_path: Path) -> None:
    """Nine test videos are eighteen examples in five groups; seven bought are fourteen."""
    session = dataclasses.replace(Wires(tmp_path / "cell").session, needs=needs())
    job = evaluate_job(
        protocol, "arrow_of_time", recipe=recipe(clip=UNIFORM), budget=Budget(count=7)
    )
    done = run_evaluate(job, dataset, None, session)
    assert done.predictions.targets.tolist() == [0, 1] * 9
    assert done.predictions.scores.shape == (18, 2)
    assert len(set(done.predictions.groups)) == 5
    assert len(done.train_samples) == 7
    assert [metric.name for metric in done.metrics] == ["top1"]
    if protocol == "finetune":
        assert done.cost.steps == 4 * 4


def test_it_is_registered() -> None:
    assert UNITS.get("clip_both_ways").name == "clip_both_ways"
