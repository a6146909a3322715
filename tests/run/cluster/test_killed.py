"""Cells whose task was killed for want of memory, as logs or accounting tell."""

import subprocess
import sys
from pathlib import Path

import pytest

from severe_bench.plan.cell import Cell
from severe_bench.run.cluster.killed import note_out_of_memory
from severe_bench.run.cluster.profile import Profile
from severe_bench.run.cluster.run import dispatch
from severe_bench.run.cluster.submission import Submission
from severe_bench.run.cluster.submit import Order
from severe_bench.store.cells import read_failure
from severe_bench.store.layout import Layout
from severe_bench.store.lock import claim
from tests.run.cluster.fake_slurm import FakeSlurm
from tests.run.fake_kinds import RUNNERS
from tests.run.grids import evaluate

DIE = (
    "import os, sys; from pathlib import Path; from severe_bench.store.lock import claim;"
    " [claim(Path(folder)) for folder in sys.argv[1:]]; os.kill(os.getpid(), 9)"
)


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSlurm:
    fake = FakeSlurm.at(tmp_path / "bin")
    monkeypatch.setenv("PATH", fake.path)
    return fake


@pytest.fixture
def cells() -> list[Cell]:
    return [evaluate(seed) for seed in range(3)]


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout(tmp_path / "results", "demo")


@pytest.fixture
def array(slurm: FakeSlurm, layout: Layout, cells: list[Cell]) -> Submission:
    """Submitted; the first two cells began, and their processes were killed."""
    order = Order(layout, Profile(task_minutes=1e-6), runners=dict(RUNNERS))
    (made,) = dispatch(order, cells, (), lambda event: None).submitted.made
    folders = [str(layout.folder(cell)) for cell in cells[:2]]
    subprocess.run([sys.executable, "-c", DIE, *folders], check=False)
    slurm.ends(made.job)
    return made


@pytest.mark.parametrize(
    "said",
    [
        "slurmstepd: error: Detected 1 oom_kill event in StepId=7.0. Some of the step tasks have"
        " been OOM Killed.",
        "slurmstepd-n1: error: StepId=17.0 exceeded memory limit (327999488 > 321912832)",
    ],
)
def test_the_log_tells(layout: Layout, cells: list[Cell], array: Submission, said: str) -> None:
    (array.logs / f"{array.job}_1_0_log.err").write_text(f"a line\n{said}\nanother\n")
    assert note_out_of_memory(layout, cells) == 1
    failure = read_failure(layout.folder(cells[1]))
    assert failure is not None
    assert failure.failure_class == "out_of_memory"
    assert failure.message == f"Slurm ended its task {array.job}_1"
    assert note_out_of_memory(layout, cells) == 0, "told once"


def test_accounting_tells(
    slurm: FakeSlurm, layout: Layout, cells: list[Cell], array: Submission
) -> None:
    program = slurm.folder / "sacct"
    program.write_text(f"#!/bin/sh\necho '{array.job}_0|OUT_OF_MEMORY'\n")
    program.chmod(0o755)
    assert note_out_of_memory(layout, cells) == 1
    assert read_failure(layout.folder(cells[0])) is not None


def test_what_nobody_explains_is_only_lost(
    layout: Layout, cells: list[Cell], array: Submission
) -> None:
    (array.logs / f"{array.job}_1_0_log.err").write_text("slurmstepd: error: *** CANCELLED ***\n")
    assert note_out_of_memory(layout, cells) == 0


def test_what_runs_again_is_left_alone(
    layout: Layout, cells: list[Cell], array: Submission
) -> None:
    (array.logs / f"{array.job}_0_0_log.err").write_text("slurmstepd: 1 oom_kill event\n")
    held = claim(layout.folder(cells[0]))
    assert held is not None
    assert note_out_of_memory(layout, cells) == 0
    held.release()
