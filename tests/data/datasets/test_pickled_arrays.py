import pickle
from pathlib import Path

import numpy as np
import pytest

from severe_bench.data.datasets.pickled_arrays import plain_array, plain_number
from severe_bench.data.datasets.plain_pickle import read_plain_pickle


def through(folder: Path, value: object, protocol: int) -> object:
    path = folder / "a.pkl"
    path.write_bytes(pickle.dumps(value, protocol=protocol))
    return read_plain_pickle(path)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    "array",
    [
        np.arange(12, dtype=np.float32).reshape(3, 4) / 7,
        np.asfortranarray(np.arange(12, dtype=np.int64).reshape(3, 4)),
        np.arange(200, 206, dtype=np.uint8),
        np.arange(3, dtype=">i2"),
        np.zeros((0, 5)),
        np.array([True, False]),
    ],
    ids=["float32", "column-major", "uint8", "big-endian", "empty", "bool"],
)
def test_arrays_come_back(tmp_path: Path, array: np.ndarray, protocol: int) -> None:
    read = plain_array(through(tmp_path, array, protocol))
    np.testing.assert_array_equal(read, array)
    assert read.dtype.newbyteorder("=") == array.dtype.newbyteorder("=")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_numbers(tmp_path: Path, protocol: int) -> None:
    values = [np.float64(70.25), np.int64(-3), 3.5, 4]
    read = through(tmp_path, values, protocol)
    assert isinstance(read, list)
    assert [plain_number(value) for value in read] == [70.25, -3.0, 3.5, 4.0]


@pytest.mark.parametrize("value", [np.array([object()]), np.array(["a"]), "text", [1], Path("x")])
def test_what_is_no_number(tmp_path: Path, value: object) -> None:
    read = through(tmp_path, value, 4)
    assert plain_number(read) is None
    with pytest.raises((ValueError, TypeError), match="no"):
        plain_array(read)
