"""The kill test: SIGKILL anywhere, any number of times, and nothing is lost, doubled or changed."""

import os
import random
import subprocess
import sys
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from severe_bench.plan.cell import Cell
from severe_bench.store.cells import check
from severe_bench.store.layout import RESULT, Layout
from severe_bench.store.predictions import read_predictions
from severe_bench.store.states import states
from severe_bench.store.table import read_table
from tests.run.fake_kinds import EXECUTIONS
from tests.run.grids import tree

LEAVES = 12
KILLS = 10
LEAST_HITS = 4
"""Kills that must have struck an unfinished run for the test to mean anything."""
LONGEST = 0.3
"""Seconds from the first sign of work until a kill; all the work takes several times that."""


@dataclass
class Disturbed:
    """Runs of the driver on one results folder."""

    layout: Layout
    cells: list[Cell]

    def start(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tests.run.driver", str(self.layout.results), str(LEAVES)]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL)

    def results(self) -> dict[str, tuple[int, int, bytes]]:
        """Inode, time and content of every `result.json`."""
        found = {}
        for cell in self.cells:
            path = self.layout.folder(cell) / RESULT
            if path.exists():
                found[cell.id] = (path.stat().st_ino, path.stat().st_mtime_ns, path.read_bytes())
        return found

    def numbers(self) -> dict[str, object]:
        """Metrics and predictions of all evaluated cells."""
        found: dict[str, object] = {}
        for cell in self.cells:
            result = check(self.layout.folder(cell))
            assert result is not None
            if cell.label:
                scores = read_predictions(self.layout.folder(cell)).scores.tobytes()
                found[cell.id] = (result.metrics, scores)
        return found


def children(pid: int) -> list[int]:
    with suppress(FileNotFoundError):
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return [int(word) for word in text.split()]
    return []


def wait_for_work(process: subprocess.Popen[bytes], executions: Path, read: int) -> None:
    """Until a cell makes a step, or the run ends."""
    while process.poll() is None and executions.stat().st_size == read:
        time.sleep(0.01)


def kill_something(process: subprocess.Popen[bytes], dice: random.Random) -> None:
    """The run, one of its workers, all of its workers, or all of them."""
    workers = children(process.pid)
    victims = dice.choice(
        [[process.pid], workers[:1], workers[-1:], workers, [*workers, process.pid]]
    )
    for victim in victims:
        with suppress(ProcessLookupError):
            os.kill(victim, 9)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2))
def test_numbers_survive_any_killing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setenv("SEVERE_CHECKPOINT_SECONDS", "0.03")
    cells = tree(LEAVES)
    quiet = Disturbed(Layout(tmp_path / "quiet", "demo"), cells)
    assert quiet.start().wait(120) == 0
    loud = Disturbed(Layout(tmp_path / "loud", "demo"), cells)
    executions = tmp_path / "executions.txt"
    executions.touch()
    monkeypatch.setenv(EXECUTIONS, str(executions))
    dice = random.Random(seed)
    hits = 0
    done: dict[str, tuple[int, int, bytes]] = {}
    for _ in range(KILLS):
        read = executions.stat().st_size
        process = loud.start()
        wait_for_work(process, executions, read)
        time.sleep(dice.uniform(0, LONGEST))
        hits += process.poll() is None
        kill_something(process, dice)
        time.sleep(dice.uniform(0, LONGEST))  # dead workers may be replaced meanwhile
        process.kill()
        process.wait()
        begun = {line.split()[1] for line in executions.read_text()[read:].splitlines()}
        assert not begun & done.keys(), "a finished cell was run again"
        seen = loud.results()
        assert {cell: seen[cell] for cell in done} == done, "a finished cell was touched"
        assert "corrupt" not in states(loud.layout, cells).values()
        done = seen
    assert hits >= LEAST_HITS
    assert loud.start().wait(120) == 0
    assert loud.numbers() == quiet.numbers()
    assert not list(loud.layout.results.glob("*/quarantine/*"))
    assert len(read_table(loud.layout.table)) == 2 * LEAVES
    assert not list(loud.layout.results.glob("**/failure.json"))


@pytest.mark.slow
def test_of_two_runs_one_killed_the_other_ends_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEVERE_CHECKPOINT_SECONDS", "0.03")
    executions = tmp_path / "executions.txt"
    monkeypatch.setenv(EXECUTIONS, str(executions))
    cells = tree(LEAVES)
    both = Disturbed(Layout(tmp_path / "results", "demo"), cells)
    first, second = both.start(), both.start()
    time.sleep(1.0)
    for victim in [*children(first.pid), first.pid]:
        os.kill(victim, 9)
    first.wait()
    assert second.wait(120) == 0
    assert set(both.results()) == {cell.id for cell in cells}
    begun = Counter(
        line.split()[1] for line in executions.read_text().splitlines() if "begin" in line
    )
    assert set(begun) == {cell.id for cell in cells}
    # Only what the dead run's two workers had in hand was begun again.
    assert sorted(begun.values())[:-2] == [1] * (len(cells) - 2)
