import numpy as np
import pytest

from severe_bench.core.padding import padded


def test_rows_are_filled_up_to_the_longest() -> None:
    rows = [np.array([1, 2]), np.array([3]), np.array([], dtype=np.int64)]
    assert padded(rows, -1).tolist() == [[1, 2], [3, -1], [-1, -1]]


def test_rows_are_filled_up_to_a_length_in_their_own_type() -> None:
    rows = [np.ones((2, 3), np.float32), np.zeros((0, 3), np.float32)]
    found = padded(rows, np.nan, 4)
    assert (found.shape, found.dtype) == ((2, 4, 3), np.float32)
    assert np.isnan(found).sum(axis=(1, 2)).tolist() == [6, 12]


def test_a_row_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="broadcast"):
        padded([np.ones(3)], 0, 2)
