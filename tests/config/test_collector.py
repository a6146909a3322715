import gc

import pytest

from severe_bench.config.collector import collector_held


def test_it_is_held_inside_and_as_before_afterwards() -> None:
    assert gc.isenabled()
    with collector_held():
        assert not gc.isenabled()
        with collector_held():
            assert not gc.isenabled()
        assert not gc.isenabled()
    assert gc.isenabled()


def test_it_is_back_after_an_error() -> None:
    with pytest.raises(ValueError, match="x"), collector_held():
        raise ValueError("x")
    assert gc.isenabled()
