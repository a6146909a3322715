"""Arrays with a common first dimension in shards: `.npy` files of consecutive rows, and a manifest.

Each file is written atomically by one writer, the manifest last. Files are mapped into memory and a
row is read when it is asked for, so that arrays may be larger than the memory.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from severe_bench.core.atomic import atomic_path, write_json

MANIFEST: Final = "shards.json"
VERSION: Final = 1
SHARD_BYTES: Final = 64 << 20
"""Of all arrays of one shard together, about."""

Numbers = NDArray[np.int64]
Key = int | slice | Numbers | NDArray[np.bool_] | tuple[Numbers, ...]


@dataclass(frozen=True)
class Shards:
    """One array whose rows lie in several files.

    Args:
        files: mapped arrays (n, ...) that follow one another.
        numbers: (N,) which row of the files each row is.

    Example:
        >>> rows = Shards((np.zeros((2, 3)), np.ones((2, 3))), np.arange(4))
        >>> rows.shape, rows[1:3].tolist()
        ((4, 3), [[0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
    """

    files: tuple[NDArray[Any], ...]
    numbers: Numbers

    @property
    def shape(self) -> tuple[int, ...]:
        """(N, ...)."""
        return (len(self.numbers), *self.files[0].shape[1:])

    @property
    def ndim(self) -> int:
        """Number of dimensions."""
        return self.files[0].ndim

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the numbers."""
        return self.files[0].dtype

    @property
    def nbytes(self) -> int:
        """That all rows would take in memory."""
        return int(np.prod(self.shape, dtype=np.int64)) * self.dtype.itemsize

    def __len__(self) -> int:
        """N."""
        return len(self.numbers)

    def __iter__(self) -> Iterator[NDArray[Any]]:
        """One row after another."""
        return (self[row] for row in range(len(self)))

    def __array__(
        self, dtype: np.dtype[Any] | None = None, copy: bool | None = None
    ) -> NDArray[Any]:
        """All rows in memory."""
        return self[:].astype(dtype or self.dtype, copy=False)

    def __getitem__(self, key: Key) -> NDArray[Any]:
        """A copy of a row, a slice, numbered rows, or entries (by several numbers, or a mask)."""
        if isinstance(key, np.ndarray) and key.dtype == np.bool_:
            key = np.nonzero(key)
        first, others = (key[0], key[1:]) if isinstance(key, tuple) else (key, ())
        if isinstance(first, int | np.integer):
            row: NDArray[Any] = self[np.array([first])][0]
            return row
        wanted = self.numbers[first]
        found = np.empty((len(wanted), *self.shape[1 + len(others) :]), self.dtype)
        file = np.searchsorted(self._ends, wanted, side="right")
        for number in np.unique(file):
            here = file == number
            rows = wanted[here] - (self._ends[number] - len(self.files[number]))
            found[here] = self.files[number][(rows, *(other[here] for other in others))]
        return found

    def of(self, rows: Numbers) -> "Shards":
        """These rows, in this order, still in their files."""
        return replace(self, numbers=self.numbers[rows])

    @cached_property
    def _ends(self) -> Numbers:
        return np.cumsum([len(file) for file in self.files])


def write_shards(
    folder: Path, blocks: Iterable[Mapping[str, NDArray[Any]]], shard_bytes: int = SHARD_BYTES
) -> None:
    """Write arrays block by block, in memory for about two shards.

    Which rows share a shard depends on their size alone, not on the blocks. Files are called
    `NAME-FIRST.npy` after the array and its first row.

    Args:
        folder: made where there is none; a manifest there is replaced.
        blocks: at least one, each with the same arrays by name.
        shard_bytes: of a shard; a shard has at least one row.
    """
    (folder / MANIFEST).unlink(missing_ok=True)
    firsts, rows, names = [], 0, list[str]()
    for shard in _evenly(iter(blocks), shard_bytes):
        for name, array in shard.items():
            with atomic_path(_file(folder, name, rows)) as path, path.open("wb") as stream:
                np.save(stream, array, allow_pickle=False)
        firsts.append(rows)
        rows, names = rows + _length(shard), sorted(shard)
    content = {"version": VERSION, "arrays": names, "rows": rows, "first_rows": firsts}
    write_json(folder / MANIFEST, content)


def read_shards(folder: Path) -> dict[str, Shards]:
    """Arrays by name, mapped.

    Raises:
        OSError, ValueError: a file is missing, damaged, or not what the manifest says.
    """
    try:
        content = json.loads((folder / MANIFEST).read_bytes())
        rows, firsts, names = (content[key] for key in ("rows", "first_rows", "arrays"))
        lengths = np.diff([*firsts, rows]).tolist()
        if content["version"] != VERSION or firsts[:1] != [0] or min(lengths) < 1:
            raise ValueError(f"{MANIFEST} is damaged")
        return {name: _mapped(folder, name, firsts, lengths) for name in names}
    except (KeyError, TypeError) as error:
        raise ValueError(f"{MANIFEST} is damaged ({error})") from error


def _mapped(folder: Path, name: str, firsts: list[int], lengths: list[int]) -> Shards:
    paths = [_file(folder, name, first) for first in firsts]
    files = [np.load(path, mmap_mode="r", allow_pickle=False) for path in paths]
    alike = {(file.shape[1:], file.dtype) for file in files}
    if [len(file) for file in files] != lengths or len(alike) != 1:
        raise ValueError(f"the shards of {name} do not fit {MANIFEST}")
    return Shards(tuple(files), np.arange(sum(lengths)))


def _evenly(
    blocks: Iterator[Mapping[str, NDArray[Any]]], shard_bytes: int
) -> Iterator[dict[str, NDArray[Any]]]:
    """The same rows in shards of as many rows each."""
    held: list[Mapping[str, NDArray[Any]]] = []
    count = per_shard = 0
    for block in blocks:
        row = sum(array[:1].nbytes for array in block.values())
        per_shard = per_shard or max(1, shard_bytes // max(1, row))
        start = 0
        while count + _length(block) - start >= per_shard:
            end = start + per_shard - count
            yield _joined([*held, _part(block, start, end)])
            held, count, start = [], 0, end
        if start < _length(block):
            held.append(_part(block, start, _length(block)))
            count += _length(block) - start
    if held:
        yield _joined(held)


def _part(block: Mapping[str, NDArray[Any]], start: int, end: int) -> dict[str, NDArray[Any]]:
    return {name: array[start:end] for name, array in block.items()}


def _joined(blocks: list[Mapping[str, NDArray[Any]]]) -> dict[str, NDArray[Any]]:
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def _length(block: Mapping[str, NDArray[Any]]) -> int:
    return len(next(iter(block.values())))


def _file(folder: Path, name: str, first: int) -> Path:
    return folder / f"{name}-{first:08d}.npy"
