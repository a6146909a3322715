"""Long lists of records on their way to loader processes: two arrays instead of many objects.

Written out object by object, 170,000 records take over a second for every process, and more than
three times the memory there.
"""

import pickle
from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from severe_bench.core.record import Record


@dataclass(frozen=True, eq=False)
class PackedRecords(Sequence[Record]):
    """Records, each made anew when it is asked for.

    Args:
        blob: uint8, all records one after another.
        ends: (N,) int64, where each of them ends in it.
    """

    blob: NDArray[np.uint8]
    ends: NDArray[np.int64]

    @classmethod
    def of(cls, records: Sequence[Record]) -> "PackedRecords":
        """Pack, unless they are packed already."""
        if isinstance(records, PackedRecords):
            return records
        written = [pickle.dumps(record, pickle.HIGHEST_PROTOCOL) for record in records]
        ends = np.cumsum([len(one) for one in written], dtype=np.int64)
        return cls(np.frombuffer(b"".join(written), dtype=np.uint8), ends)

    def __len__(self) -> int:
        """How many."""
        return len(self.ends)

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Record, ...]: ...
    def __getitem__(self, index: int | slice) -> Record | tuple[Record, ...]:
        """One record, or some."""
        if isinstance(index, slice):
            return tuple(self[number] for number in range(*index.indices(len(self))))
        number = range(len(self))[index]
        first = int(self.ends[number - 1]) if number else 0
        found: Record = pickle.loads(self.blob[first : self.ends[number]].data)  # noqa: S301 - ours
        return found


class SendsPacked:
    """A dataclass whose `records` travel packed, and are packed once for all processes."""

    @cached_property
    def _sent(self) -> dict[str, Any]:
        state = {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]
        return state | {"records": PackedRecords.of(state["records"])}

    def __getstate__(self) -> dict[str, Any]:
        """What another process gets."""
        return self._sent
