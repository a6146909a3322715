"""What a piece of work says of its number reaches whoever listens, and nobody else."""

import pytest

from severe_bench.core.remarks import heard_by, remark


def test_the_innermost_listener_hears_it() -> None:
    outer: list[str] = []
    inner: list[str] = []
    with heard_by(outer.append):
        with heard_by(inner.append):
            remark("one\n   line")
        remark("after")
    assert (inner, outer) == (["one line"], ["after"])


def test_a_listener_is_gone_when_its_block_fails() -> None:
    heard: list[str] = []
    with pytest.raises(KeyError), heard_by(heard.append):
        raise KeyError
    with pytest.warns(RuntimeWarning, match="nobody listens"):
        remark("nobody listens")
    assert heard == []
