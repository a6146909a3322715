"""Predictions: exact round trip, no pickle."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from severe_bench.analysis.reading import ResultsReader
from severe_bench.store.cells import CorruptError
from severe_bench.store.layout import Layout
from severe_bench.store.predictions import (
    Predictions,
    name_array,
    read_predictions,
    write_predictions,
)


def predictions(samples: Sequence[str] = ("ä", "bb")) -> Predictions:
    scores = np.array([[0.1, 0.9], [1 / 3, 2 / 3]], dtype=np.float32)
    return Predictions(np.array(samples), np.array([1, 0]), scores, np.array(["g", "g"]))


def test_round_trip_without_pickle(tmp_path: Path) -> None:
    write_predictions(tmp_path, predictions())
    back = read_predictions(tmp_path)
    assert back.samples.tolist() == ["ä", "bb"]
    assert np.array_equal(back.scores, predictions().scores)
    assert back.scores.dtype == np.float32


HOSTILE = ["None", "NA", "a,b", "<script>", "Übung", "", "with 'quotes'", "中"]


@pytest.mark.parametrize("lists", [[HOSTILE], [HOSTILE, ["open", "close"]]])
def test_class_names_survive(tmp_path: Path, lists: list[list[str]]) -> None:
    folder = tmp_path / "s" / "cells" / "one"
    folder.mkdir(parents=True)
    write_predictions(folder, replace(predictions(), classes=name_array(lists)))
    quick = ResultsReader(Layout(tmp_path, "s")).predictions("one")
    assert quick is not None
    for back in (read_predictions(folder), quick):
        rows = back.classes.reshape(len(lists), -1).tolist()
        assert [row[: len(names)] for row, names in zip(rows, lists, strict=True)] == lists


def test_files_without_names_are_read_and_are_as_before(tmp_path: Path) -> None:
    write_predictions(tmp_path, predictions())
    with np.load(tmp_path / "predictions.npz") as arrays:
        assert sorted(arrays) == ["groups", "samples", "scores", "targets"]
    assert read_predictions(tmp_path).classes.size == 0


def test_equal_predictions_are_equal_files(tmp_path: Path) -> None:
    found = []
    for _ in range(2):
        write_predictions(tmp_path, replace(predictions(), classes=name_array([HOSTILE])))
        found.append((tmp_path / "predictions.npz").read_bytes())
    assert found[0] == found[1]


def test_names_given_as_objects_are_stored_as_text(tmp_path: Path) -> None:
    names = np.array(["a", "long name"], dtype=object)
    write_predictions(tmp_path, predictions(names))
    assert read_predictions(tmp_path).samples.dtype.kind == "U"


def test_targets_that_are_objects_are_refused_and_leave_nothing(tmp_path: Path) -> None:
    bad = Predictions(
        np.array(["a"]),
        np.array([{"a": 1}], dtype=object),
        np.zeros((1, 2), np.float32),
        np.array(["a"]),
    )
    with pytest.raises(ValueError, match="pickle"):
        write_predictions(tmp_path, bad)
    assert list(tmp_path.iterdir()) == []


def test_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="lengths"):
        Predictions(np.array(["a"]), np.zeros(2), np.zeros((1, 2), np.float32), np.array(["a"]))


def test_a_cut_file_is_named(tmp_path: Path) -> None:
    write_predictions(tmp_path, predictions())
    path = tmp_path / "predictions.npz"
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(CorruptError, match=r"predictions\.npz"):
        read_predictions(tmp_path)
