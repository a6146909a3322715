"""Deaths for want of memory, as control groups of both versions count them."""

from pathlib import Path

import pytest

from severe_bench.run import memory
from severe_bench.run.devices import ONE_THREAD, Lane
from severe_bench.run.local import run_cells
from severe_bench.run.pool import Settings
from severe_bench.store.cells import read_failure
from severe_bench.store.layout import Layout
from tests.run.fake_kinds import RUNNERS
from tests.run.grids import evaluate


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "cgroup").write_text("0::/slurm/job_7\n")
    (tmp_path / "fs" / "slurm" / "job_7").mkdir(parents=True)
    monkeypatch.setattr(memory, "GROUPS", tmp_path / "cgroup")
    monkeypatch.setattr(memory, "CGROUPS", tmp_path / "fs")
    return tmp_path


def test_version_two(groups: Path) -> None:
    assert memory.oom_kills() == 0
    events = groups / "fs" / "slurm" / "job_7" / "memory.events"
    events.write_text("low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 1\n")
    assert memory.oom_kills() == 2


def test_version_one(groups: Path) -> None:
    (groups / "cgroup").write_text("9:cpuset:/\n4:cpu,memory:/slurm/job_7\n")
    folder = groups / "fs" / "memory" / "slurm" / "job_7"
    folder.mkdir(parents=True)
    (folder / "memory.oom_control").write_text("oom_kill_disable 0\nunder_oom 0\noom_kill 5\n")
    assert memory.oom_kills() == 5


def test_without_control_groups(groups: Path) -> None:
    (groups / "cgroup").unlink()
    assert memory.oom_kills() == 0


def test_a_worker_killed_for_memory_is_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = iter([0, *[1] * 99])
    monkeypatch.setattr(memory, "oom_kills", lambda: next(counts))
    layout, cell = Layout(tmp_path, "demo"), evaluate(0, mode="die")
    settings = Settings((Lane("cpu 0", "cpu", ONE_THREAD),), runners=RUNNERS)
    outcome = run_cells(layout, [cell], settings, lambda event: None)
    assert outcome.failed[cell.id].startswith("out_of_memory: its worker was killed by SIGKILL")
    failure = read_failure(layout.folder(cell))
    assert failure is not None
    assert failure.attempts == 1
    again = evaluate(0, mode="die")
    monkeypatch.setattr(memory, "oom_kills", lambda: 0)
    retried = Settings(settings.lanes, frozenset({"oom"}), losses=0, runners=RUNNERS)
    assert "lost" in run_cells(layout, [again], retried, lambda event: None).failed[cell.id]
