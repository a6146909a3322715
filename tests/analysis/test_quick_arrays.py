"""The quick reader gives what numpy gives, and refuses what it does not understand."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from severe_bench.analysis.quick_arrays import UnexpectedError, read_arrays
from severe_bench.analysis.reading import ResultsReader
from severe_bench.store.layout import Layout
from severe_bench.store.predictions import Predictions, write_predictions

ARRAYS = st.one_of(
    arrays(np.float32, array_shapes(min_dims=0, max_dims=3, min_side=0)),
    arrays(np.int64, array_shapes(max_dims=2)),
    arrays("<U7", array_shapes(max_dims=1)),
)


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from(["a", "b", "scores"]), ARRAYS))
def test_agrees_with_numpy(
    tmp_path_factory: pytest.TempPathFactory, content: dict[str, NDArray[Any]]
) -> None:
    path = tmp_path_factory.mktemp("npz") / "x.npz"
    np.savez(path, allow_pickle=False, **content)
    found = read_arrays(path)
    assert set(found) == set(content)
    for name, array in content.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def predictions(n: int = 5) -> Predictions:
    names = np.array([f"vidéo, {i}" for i in range(n)])
    return Predictions(names, np.arange(n), np.eye(n, dtype=np.float32), names)


@pytest.mark.parametrize("position", [40, 200, -30, -5])
def test_a_flipped_byte_never_gives_other_numbers(tmp_path: Path, position: int) -> None:
    write_predictions(tmp_path, predictions())
    path = tmp_path / "predictions.npz"
    content = bytearray(path.read_bytes())
    content[position] ^= 0xFF
    path.write_bytes(bytes(content))
    try:
        found = read_arrays(path)
    except UnexpectedError:
        return
    np.testing.assert_array_equal(found["scores"], predictions().scores)


@pytest.mark.parametrize("keep", [0, 10, 300])
def test_a_cut_file_is_refused(tmp_path: Path, keep: int) -> None:
    write_predictions(tmp_path, predictions())
    path = tmp_path / "predictions.npz"
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(UnexpectedError):
        read_arrays(path)


def test_objects_are_refused_and_never_unpickled(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, allow_pickle=True, a=np.array([{"x": 1}], dtype=object))
    with pytest.raises(UnexpectedError):
        read_arrays(path)


def test_compressed_and_turned_arrays_are_left_to_the_store(tmp_path: Path) -> None:
    cell = tmp_path / "demo" / "cells" / "c"
    cell.mkdir(parents=True)
    p = predictions()
    fields = {"samples": p.samples, "targets": p.targets, "groups": p.groups}
    np.savez_compressed(cell / "predictions.npz", scores=np.asfortranarray(p.scores), **fields)
    with pytest.raises(UnexpectedError):
        read_arrays(cell / "predictions.npz")
    found = ResultsReader(Layout(tmp_path, "demo")).predictions("c")
    assert found is not None
    np.testing.assert_array_equal(found.scores, p.scores)
    (cell / "predictions.npz").write_bytes(b"PK nonsense")
    assert ResultsReader(Layout(tmp_path, "demo")).predictions("c") is None
