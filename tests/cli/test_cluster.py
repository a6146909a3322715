"""What `severe run --executor slurm` says of a submission."""

from pathlib import Path

import pytest

from severe_bench.cli.cluster import dispatched_lines, place_of
from severe_bench.run.cluster.profile import Asks, Profile
from severe_bench.run.cluster.run import dispatch
from severe_bench.run.cluster.submit import Order
from severe_bench.run.reproduce import Invocation
from severe_bench.store.layout import Layout
from tests.run.cluster.fake_slurm import FakeSlurm
from tests.run.fake_kinds import RUNNERS
from tests.run.grids import tree


def order(tmp_path: Path, profile: Profile) -> Order:
    return Order(Layout(tmp_path / "results", "demo"), profile, runners=dict(RUNNERS))


def said(ordered: Order) -> list[str]:
    return list(dispatched_lines(dispatch(ordered, tree(1), (), print), place_of(ordered)))


def test_a_wrong_partition_of_some_is_no_want_of_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In sbatch's own words, and with what to mend."""
    slurm = FakeSlurm.at(tmp_path / "bin")
    slurm.knows_not("nope")
    monkeypatch.setenv("PATH", slurm.path)
    lines = said(order(tmp_path, Profile(gpu=Asks(partition="nope"))))
    assert lines[1].startswith("job 1000: 1 cell(s) in 1 task(s)")
    assert lines[2].startswith("4 cell(s) were not submitted: sbatch refused: sbatch: error: ")
    assert "invalid partition specified: nope; check the profile's partition" in lines[2]
    assert not any("room" in line for line in lines)


def test_a_full_queue_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", FakeSlurm.at(tmp_path / "bin", room=1).path)
    lines = said(order(tmp_path, Profile()))
    assert lines[2].startswith("4 cell(s) found no room: sbatch refused: ")
    assert lines[3] == "run the same command again when some are done, or with --wait"


def test_commands_that_are_named_can_be_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", FakeSlurm.at(tmp_path / "bin").path)
    assert said(order(tmp_path, Profile()))[-1] == "watch them with: severe watch demo"
    other = Order(
        Layout(tmp_path / "my results", "demo"), Profile(), Invocation(config="a.yaml", environ={})
    )
    assert place_of(other) == f"demo --config a.yaml --results '{tmp_path}/my results'"
