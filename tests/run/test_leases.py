"""One worker per GPU on a host, whatever runs there; the devices are made up."""

import os
import threading
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from severe_bench.core.errors import UserError
from severe_bench.run import leases
from severe_bench.run.devices import ONE_THREAD, Lane
from severe_bench.run.events import Event, Note, Started
from severe_bench.run.leases import lease
from severe_bench.run.local import RunOutcome, run_cells
from severe_bench.run.pool import Settings
from severe_bench.store.layout import Layout
from tests.run.fake_kinds import EXECUTIONS, RUNNERS
from tests.run.grids import tree


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "FOLDER", tmp_path)
    monkeypatch.setenv(EXECUTIONS, str(tmp_path / "executions"))


def gpu(number: int) -> Lane:
    """A lane with a lease, whose worker is on the CPU."""
    return Lane(f"cuda:{number}", "cpu", ONE_THREAD, f"here-{number}")


def ran(
    folder: Path, lanes: tuple[Lane, ...], observe: Callable[[Event], None] = lambda event: None
) -> RunOutcome:
    return run_cells(Layout(folder, "demo"), tree(2), Settings(lanes, runners=RUNNERS), observe)


def test_a_device_is_lent_once_until_it_is_closed(tmp_path: Path) -> None:
    first = lease("0")
    assert first is not None
    assert lease("0") is None
    other = lease("MIG/1")
    assert other is not None
    os.close(first)
    again = lease("0")
    assert again is not None
    for descriptor in (again, other):
        os.close(descriptor)


def test_somebody_elses_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / f"severe-gpus-{os.getuid()}").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="belongs to somebody else"):
        lease("0")


def test_a_run_takes_the_devices_that_are_free(tmp_path: Path) -> None:
    held = lease("here-0")
    assert held is not None
    events: list[Event] = []
    assert ran(tmp_path / "results", (gpu(0), gpu(1)), events.append).exit_code == 0
    assert {event.lane for event in events if isinstance(event, Started)} == {"cuda:1"}
    notes = [event.text for event in events if isinstance(event, Note)]
    assert notes == ["cuda:0 is used by another run; it is taken when that is over"]
    os.close(held)


def test_a_run_waits_where_none_is_free(tmp_path: Path) -> None:
    held = lease("here-0")
    assert held is not None
    timers: list[threading.Timer] = []

    def observe(event: Event) -> None:
        if isinstance(event, Note):
            timers.append(threading.Timer(0.5, os.close, (held,)))
            timers[-1].start()

    assert ran(tmp_path / "results", (gpu(0),), observe).exit_code == 0
    assert len(timers) == 1


def test_two_runs_share_one_device_one_after_another(tmp_path: Path) -> None:
    outcomes: list[RunOutcome] = []
    threads = [
        threading.Thread(target=lambda name=name: outcomes.append(ran(tmp_path / name, (gpu(0),))))
        for name in ("first", "second")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [outcome.exit_code for outcome in outcomes] == [0, 0]
    lines = [line.split()[-1] for line in (tmp_path / "executions").read_text().splitlines()]
    changes = sum(before != after for before, after in pairwise(lines))
    assert len(set(lines)) == 2
    assert changes == 1, "the second worker began when the first was gone"


def test_a_device_is_given_back_when_the_run_is_over(tmp_path: Path) -> None:
    ran(tmp_path / "results", (gpu(0), gpu(1)))
    for name in ("here-0", "here-1"):
        descriptor = lease(name)
        assert descriptor is not None
        os.close(descriptor)
