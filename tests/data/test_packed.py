"""Records that travel as arrays are the same records."""

import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from severe_bench.config.recipe import Clip, Recipe
from severe_bench.core.record import Record
from severe_bench.data import packed
from severe_bench.data.packed import PackedRecords
from severe_bench.data.reading import Steps, TestReader, TrainReader
from severe_bench.data.store import VideoStore

RECORDS = tuple(Record(f"s{n}", f"a/{n}.mp4", n % 3, "train", extras={"n": n}) for n in range(50))


@given(
    st.lists(
        st.builds(
            Record,
            st.text(),
            st.text(),
            st.none() | st.integers(),
            st.just("test"),
            st.none() | st.floats(allow_nan=False),
            extras=st.dictionaries(st.text(), st.lists(st.floats(allow_nan=False))),
        )
    )
)
def test_what_is_packed_comes_out(records: list[Record]) -> None:
    assert list(PackedRecords.of(records)) == records
    sent = pickle.loads(pickle.dumps(PackedRecords.of(records)))  # noqa: S301
    assert list(sent) == records


def test_it_is_a_sequence() -> None:
    found = PackedRecords.of(RECORDS)
    assert len(found) == 50
    assert (found[0], found[-1], found[np.int64(7)]) == (RECORDS[0], RECORDS[-1], RECORDS[7])
    assert found[10:40:7] == RECORDS[10:40:7]
    assert PackedRecords.of(found) is found
    with pytest.raises(IndexError):
        found[50]


@pytest.mark.parametrize("kind", ["train", "test"])
def test_readers_send_their_records_packed_and_once(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = VideoStore(tmp_path)
    reader: TrainReader | TestReader = (
        TrainReader(store, RECORDS, Clip(), Steps(50, 4, 0))
        if kind == "train"
        else TestReader(store, RECORDS, Recipe())
    )
    first = pickle.dumps(reader)
    monkeypatch.setattr(packed.PackedRecords, "of", lambda records: pytest.fail("packed again"))
    assert pickle.dumps(reader) == first
    there = pickle.loads(first)  # noqa: S301
    assert isinstance(there.records, PackedRecords)
    assert tuple(there.records) == RECORDS
    assert reader.records is RECORDS
    assert {name: value for name, value in vars(there).items() if name not in {"records", "store"}}


def test_many_records_take_little_memory() -> None:
    many = [Record(f"sample {n}", f"videos/{n}.mp4", n % 174, "train") for n in range(2000)]
    found = PackedRecords.of(many)
    assert found.blob.nbytes + found.ends.nbytes < 200 * len(many)
    assert sys.getsizeof(found) < 200
