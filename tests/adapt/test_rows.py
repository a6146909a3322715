"""Probes and searches on features that stay on the disk give the numbers of those in memory."""

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from severe_bench.adapt.evaluate import run_evaluate
from severe_bench.adapt.features import FeatureTable, read_features, write_features
from severe_bench.adapt.probing import standardised
from severe_bench.adapt.rows import Scaled, mean_and_deviation
from severe_bench.core.record import Dataset
from severe_bench.core.shards import Shards
from tests.adapt.fakes import evaluate_job, recipe
from tests.train.fakes import Wires

Needs = Callable[..., dict[str, Path]]


@pytest.mark.parametrize("standardise", [False, True])
@pytest.mark.parametrize(
    ("task", "protocol"),
    [
        ("recognition", "linear"),
        ("recognition", "linear_selected"),
        ("recognition", "knn"),
        ("retrieval", "frozen"),
        ("clustering", "frozen"),
    ],
)
def test_the_same_bits_from_the_disk(
    protocol: str,
    standardise: bool,
    task: str,
    dataset: Dataset,
    needs: Needs,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folders, found = needs(), []
    job = evaluate_job(protocol, task, recipe=recipe(standardise=standardise))
    for held in (1 << 30, 0):
        monkeypatch.setattr("severe_bench.adapt.features.HELD_BYTES", held)
        monkeypatch.setattr("severe_bench.adapt.rows.BLOCK_BYTES", max(held, 4 * 2 * 8 * 4))
        session = dataclasses.replace(Wires(tmp_path / str(held)).session, needs=folders)
        found.append(run_evaluate(job, dataset, None, session).predictions.scores)
    np.testing.assert_array_equal(*found)


def random_table(rows: int = 300) -> FeatureTable:
    features = np.random.default_rng(0).normal(3, 2, size=(rows, 4, 16)).astype(np.float32)
    features[..., 5] = 0.1
    names = tuple(map(str, range(rows)))
    return FeatureTable(names, features, np.full((rows, 4), 0.25, np.float32))


@pytest.mark.parametrize("block_bytes", [1, 1000, 4096, 1 << 24])
def test_statistics_are_numpys_to_the_bit_whatever_the_blocks(
    block_bytes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("severe_bench.adapt.rows.BLOCK_BYTES", block_bytes)
    table = random_table()
    write_features(tmp_path, table)
    flat = np.asarray(table.features).reshape(-1, 16).astype(np.float64)
    deviation = flat.std(axis=0)
    deviation[5] = 1.0
    for features in (table.features, read_features(tmp_path).features):
        found = mean_and_deviation(features)
        np.testing.assert_array_equal(found[0], flat.mean(axis=0))
        np.testing.assert_array_equal(found[1], deviation)


def test_scaled_on_the_disk_as_in_memory(tmp_path: Path) -> None:
    table = random_table(20)
    write_features(tmp_path, table)
    mapped = read_features(tmp_path)
    assert isinstance(mapped.features, Shards)
    held, left = standardised(table, table)[0].features, standardised(mapped, mapped)[0].features
    assert isinstance(left, Scaled)
    assert (left.shape, len(left)) == (held.shape, 20)
    np.testing.assert_array_equal(np.asarray(left), held)
    np.testing.assert_array_equal(np.stack(list(left)), held)
    rows, views = np.array([3, 3, 19]), np.array([0, 2, 1])
    np.testing.assert_array_equal(left[rows, views], held[rows, views])
