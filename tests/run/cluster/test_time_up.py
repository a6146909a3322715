"""When a task has to stop: by Slurm's warning, by a request to end, by the clock."""

import math
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from severe_bench.core.errors import UserError
from severe_bench.run.cluster.slurm_commands import seconds_left, this_task
from severe_bench.run.cluster.time_up import TimeUp, process_age


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    before = {name: signal.getsignal(name) for name in (signal.SIGUSR2, signal.SIGTERM)}
    yield
    for name, handler in before.items():
        signal.signal(name, handler)


@pytest.fixture
def squeue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with the time left of any task, as squeue would print it."""
    program = tmp_path / "squeue"
    program.write_text(f'#!/bin/sh\necho "$@" > "{tmp_path}/asked"\ncat "{tmp_path}/left"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("SLURM_JOB_ID", "9")
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "7")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "3")
    return tmp_path / "left"


def test_the_warning_is_heard() -> None:
    timer = TimeUp.listening()
    assert not timer()
    os.kill(os.getpid(), signal.SIGUSR2)
    assert timer()
    assert timer.rang


def test_a_request_to_end_is_no_warning() -> None:
    timer = TimeUp.listening()
    os.kill(os.getpid(), signal.SIGTERM)
    assert timer()
    assert not timer.rang


def test_the_clock_rings_where_no_warning_came(squeue: Path) -> None:
    squeue.write_text("1:30\n")
    timer = TimeUp()
    timer.at_latest(100.0, warning=120)
    assert timer()
    assert timer.rang
    assert (squeue.parent / "asked").read_text().endswith("--jobs 7_3\n")


def test_the_clock_does_not_ring_early() -> None:
    timer = TimeUp()
    timer.at_latest(1000.0, warning=120)
    assert not timer()


def test_a_limit_that_was_raised_meanwhile_is_kept(squeue: Path) -> None:
    squeue.write_text("1-00:00:00\n")
    timer = TimeUp()
    timer.at_latest(100.0, warning=120)
    assert not timer()
    squeue.unlink()
    assert not timer(), "it is not asked about again before that is over"


def test_a_scheduler_that_does_not_answer_gives_no_more_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("SLURM_JOB_ID", "9")
    timer = TimeUp()
    timer.at_latest(100.0, warning=120)
    assert timer()


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("0:09", 9.0),
        ("12:34", 754.0),
        ("1:00:01", 3601.0),
        ("2-03:04:05", 183845.0),
        ("UNLIMITED", math.inf),
    ],
)
def test_time_left_as_squeue_prints_it(squeue: Path, said: str, seconds: float) -> None:
    squeue.write_text(f"{said}\n")
    assert seconds_left("7_3") == seconds


@pytest.mark.parametrize("said", ["", "INVALID", "NOT_SET"])
def test_no_time_left_is_said(squeue: Path, said: str) -> None:
    squeue.write_text(said)
    with pytest.raises(UserError, match="no time left"):
        seconds_left("7_3")


def test_the_task_that_this_is(squeue: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert this_task() == "7_3"
    monkeypatch.delenv("SLURM_ARRAY_JOB_ID")
    assert this_task() == "9"


def test_a_process_counts_from_the_shell_that_it_replaced() -> None:
    program = "from severe_bench.run.cluster.time_up import process_age; print(process_age())"
    line = f"sleep 1; exec {sys.executable} -c '{program}'"
    begin = time.monotonic()
    said = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True).stdout
    assert 1.0 <= float(said) <= time.monotonic() - begin + 0.1
    assert process_age() > 0
