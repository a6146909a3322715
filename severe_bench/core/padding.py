"""Arrays of different lengths as one array."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def padded(rows: Sequence[NDArray[Any]], filler: float, length: int | None = None) -> NDArray[Any]:
    """Arrays (K_i, ...) of one type as one (N, K, ...), filled up.

    Args:
        rows: at least one.
        filler: stands where a row has nothing.
        length: K, at least that of the longest row; None: that of the longest row.

    Example:
        >>> padded([np.array([1, 2]), np.array([3])], -1).tolist()
        [[1, 2], [3, -1]]
    """
    most = max(len(row) for row in rows) if length is None else length
    whole = np.full((len(rows), most, *rows[0].shape[1:]), filler, dtype=rows[0].dtype)
    for place, row in zip(whole, rows, strict=True):
        place[: len(row)] = row
    return whole
