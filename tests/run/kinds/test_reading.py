"""The decoders behind a number: over attempts, and over the cells whose features are read."""

from pathlib import Path

import pytest

from severe_bench.core.errors import Interrupted
from severe_bench.core.session import Session
from severe_bench.data import tally
from severe_bench.run.kinds.reading import DECODERS_FILE, counted
from severe_bench.store.cells import write_result
from severe_bench.store.result import Cost, Provenance, Result


def session_in(folder: Path, needs: dict[str, Path] | None = None) -> Session:
    return Session(
        folder=folder,
        device="cpu",
        needs=needs or {},
        should_stop=lambda: False,
        checkpoint_due=lambda: False,
        report=lambda progress: None,
    )


def test_clips_of_this_cell_alone(tmp_path: Path) -> None:
    tally.count({"of an earlier cell": 5})
    with counted(session_in(tmp_path)) as found:
        tally.count({"pyav": 1})
        tally.count({"decord": 2})
        tally.count({"pyav": 1})
    assert found == {"pyav": 2, "decord": 2}
    assert not (tmp_path / DECODERS_FILE).exists()


def test_an_interrupted_attempt_counts(tmp_path: Path) -> None:
    def stopped() -> None:
        with counted(session_in(tmp_path)):
            tally.count({"decord": 3})
            raise Interrupted("stopped")

    for _ in range(2):
        with pytest.raises(Interrupted):
            stopped()
    with counted(session_in(tmp_path)) as found:
        tally.count({"pyav": 1})
    assert found == {"decord": 6, "pyav": 1}


def test_features_bring_theirs(tmp_path: Path) -> None:
    needs = {}
    for role, decoders in (("train_features", {"a": 2}), ("test_features", {"a": 1, "b": 1})):
        needs[role] = tmp_path / role
        needs[role].mkdir()
        made = Provenance(
            version="1", code="", libraries={}, python="3", decoders=decoders, host="",
            device="cpu", platform="", started="", finished="",
        )  # fmt: skip
        cost = Cost(seconds=1, peak_memory_bytes=1)
        write_result(needs[role], Result(cell=role, kind="features", cost=cost, provenance=made))
    with counted(session_in(tmp_path, needs)) as found:
        pass
    assert found == {"a": 3, "b": 1}
