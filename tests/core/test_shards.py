import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from severe_bench.core.shards import MANIFEST, Shards, read_shards, write_shards

ROWS, WIDTH = 23, 3


def arrays() -> dict[str, NDArray[np.generic]]:
    random = np.random.default_rng(0)
    values = random.normal(size=(ROWS, 2, WIDTH)).astype(np.float32)
    return {"values": values, "numbers": np.arange(ROWS)}


def in_blocks(ends: list[int]) -> Iterator[dict[str, NDArray[np.generic]]]:
    for start, end in zip([0, *ends], [*ends, ROWS], strict=True):
        if end > start:
            yield {name: array[start:end] for name, array in arrays().items()}


@pytest.mark.parametrize("shard_bytes", [1, 100, 320, 1 << 20])
@pytest.mark.parametrize("ends", [[], [1], [5, 6, 20], list(range(1, ROWS))])
def test_what_is_read_is_what_was_written(
    ends: list[int], shard_bytes: int, tmp_path: Path
) -> None:
    write_shards(tmp_path, in_blocks(ends), shard_bytes)
    found = read_shards(tmp_path)
    assert set(found) == {"values", "numbers"}
    for name, array in arrays().items():
        assert (found[name].shape, found[name].dtype) == (array.shape, array.dtype)
        assert (found[name].nbytes, found[name].ndim) == (array.nbytes, array.ndim)
        np.testing.assert_array_equal(found[name], array)


def test_files_do_not_depend_on_the_blocks(tmp_path: Path) -> None:
    for name, ends in (("a", []), ("b", [4, 7, 8]), ("c", list(range(1, ROWS)))):
        write_shards(tmp_path / name, in_blocks(ends), 160)
    files = [
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in "abc"
    ]
    assert files[0] == files[1] == files[2]
    assert len(files[0]) == 2 * 5 + 1


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Shards:
    folder = tmp_path_factory.mktemp("shards")
    write_shards(folder, in_blocks([]), 160)
    return read_shards(folder)["values"]


@settings(deadline=None)
@given(st.lists(st.integers(-ROWS, ROWS - 1), max_size=40))
def test_rows_by_number(shards: Shards, rows: list[int]) -> None:
    """As an array gives them, in any order, more than once, from the end; and so do their rows."""
    numbers, values = np.array(rows, dtype=np.int64), arrays()["values"]
    np.testing.assert_array_equal(shards[numbers], values[numbers])
    chosen = shards.of(numbers)
    assert isinstance(chosen, Shards)
    np.testing.assert_array_equal(chosen[:], values[numbers])
    np.testing.assert_array_equal(chosen.of(np.arange(len(rows))[::-1])[:], values[numbers[::-1]])


def test_as_an_array_is_asked(shards: Shards) -> None:
    values, random = arrays()["values"], np.random.default_rng(1)
    rows, views = random.integers(ROWS, size=9), random.integers(2, size=9)
    np.testing.assert_array_equal(shards[rows, views], values[rows, views])
    mask = random.random((ROWS, 2)) > 0.5
    np.testing.assert_array_equal(shards[mask], values[mask])
    np.testing.assert_array_equal(shards[mask[:, 0]], values[mask[:, 0]])
    np.testing.assert_array_equal(shards[3:17:2], values[3:17:2])
    np.testing.assert_array_equal(shards[-1], values[-1])
    np.testing.assert_array_equal(np.stack(list(shards)), values)
    with pytest.raises(IndexError):
        shards[ROWS]


def test_nothing_is_read_before_it_is_asked_for(shards: Shards) -> None:
    assert all(isinstance(file, np.memmap) for file in shards.files)
    assert len(shards.files) == 5


def test_without_its_end_there_is_nothing(tmp_path: Path) -> None:
    """The manifest comes last: a writer that dies leaves none, nor an older one."""
    write_shards(tmp_path, in_blocks([]))

    def dying() -> Iterator[dict[str, NDArray[np.generic]]]:
        yield from list(in_blocks([5, 11]))[:2]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_shards(tmp_path, dying(), 160)
    with pytest.raises(OSError, match=MANIFEST):
        read_shards(tmp_path)


@pytest.mark.parametrize(
    "harm",
    [
        {"version": 2},
        {"rows": ROWS + 1},
        {"rows": 0},
        {"first_rows": []},
        {"first_rows": [0, 0]},
        {"first_rows": None},
        {"arrays": None},
    ],
)
def test_a_manifest_that_does_not_fit_is_refused(harm: dict[str, object], tmp_path: Path) -> None:
    write_shards(tmp_path, in_blocks([]))
    content = json.loads((tmp_path / MANIFEST).read_text())
    (tmp_path / MANIFEST).write_text(json.dumps({**content, **harm}))
    with pytest.raises((OSError, ValueError)):
        read_shards(tmp_path)


def test_shards_of_different_arrays_are_refused(tmp_path: Path) -> None:
    write_shards(tmp_path, in_blocks([]), 160)
    np.save(tmp_path / "values-00000005.npy", np.zeros((5, 2, WIDTH)))
    with pytest.raises(ValueError, match="do not fit"):
        read_shards(tmp_path)
