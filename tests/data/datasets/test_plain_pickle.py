import contextlib
import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from severe_bench.core.errors import UserError
from severe_bench.data.datasets.plain_pickle import Built, read_plain_pickle

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary(),
    lambda inner: (
        st.lists(inner)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.tuples(st.text(), st.integers()), inner)
    ),
    max_leaves=20,
)


@given(value=plain, protocol=st.integers(3, pickle.HIGHEST_PROTOCOL))
def test_plain_data_reads_as_pickle_reads_it(
    value: object, protocol: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("p") / "a.pkl"
    path.write_bytes(pickle.dumps(value, protocol=protocol))
    assert read_plain_pickle(path) == value


@pytest.mark.parametrize("protocol", [0, 1, 2])
def test_old_protocols(tmp_path: Path, protocol: int) -> None:
    value = {("a", 1): ["107B", 64.5, -3, None, True, 2**70, ("x", "y", "z", "w")], "b": []}
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps(value, protocol=protocol))
    assert read_plain_pickle(path) == value


def test_shared_values_stay_shared(tmp_path: Path) -> None:
    inner = ["x"]
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle.dumps([inner, inner]))
    first, second = read_plain_pickle(path)  # type: ignore[misc]
    assert first is second


class Bomb:
    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (Path("was-called"),)


def test_nothing_is_ever_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "a.pkl"
    value = {"bomb": Bomb(), "array": np.arange(4.0), "dict": OrderedDict(a=1), "plain": 3}
    path.write_bytes(pickle.dumps(value))
    read = read_plain_pickle(path)
    assert isinstance(read, dict)
    assert read["plain"] == 3
    assert isinstance(read["bomb"], Built)
    assert isinstance(read["array"], Built)
    assert read["dict"] == {"a": 1}
    assert not (tmp_path / "was-called").exists()


@given(data=st.binary(max_size=40))
def test_garbage_never_crashes(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("p") / "a.pkl"
    path.write_bytes(b"\x80\x04" + data)
    # Some garbage is a pickle; whatever it is, nothing but a UserError may come out.
    with contextlib.suppress(UserError):
        read_plain_pickle(path)


def test_every_truncation_is_refused(tmp_path: Path) -> None:
    whole = pickle.dumps({("a", 1): ["107B", 64.5], ("b", 2): ["5253B", 70.1]})
    path = tmp_path / "a.pkl"
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(UserError, match="is no pickle of plain data"):
            read_plain_pickle(path)
