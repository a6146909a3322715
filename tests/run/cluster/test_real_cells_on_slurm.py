"""`severe run --executor slurm` as a user types it, on real cells, against a local run."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from severe_bench.store.layout import Layout
from tests.run.cluster.local_slurm import LocalSlurm, available, local_slurm
from tests.run.test_real_cells import CONFIG, cells_of, numbers, run_small

pytestmark = [
    pytest.mark.slurm,
    pytest.mark.slow,
    pytest.mark.skipif(not available(), reason="needs root and Slurm: slurm/local-cluster up"),
]

PROFILE = """
every: {cpus: 1, memory_gb: 2}
gpu: {gpus: 0}
setup: ["echo set up >> SETUP"]
python: "'FOLDER/a container/run' python"
"""


@pytest.fixture(scope="module")
def slurm() -> Iterator[LocalSlurm]:
    with local_slurm() as cluster:
        yield cluster


def severe(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """In a folder from which nothing of this repository can be imported."""
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, "-m", "severe_bench.cli.main", *words],
        cwd=folder, capture_output=True, text=True, check=False, timeout=540,
        env={**environ, "SEVERE_SLURM_POLL_SECONDS": "1"},
    )  # fmt: skip


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with a space in its name, a profile, and what stands for a container."""
    folder = tmp_path / "my study"
    (folder / "a container").mkdir(parents=True)
    run = folder / "a container" / "run"
    run.write_text(
        f'#!/bin/sh\necho "$@" >> "{folder}/started"\nshift\nexec {sys.executable} "$@"\n'
    )
    run.chmod(0o755)
    (folder / "slurm").mkdir()
    text = PROFILE.replace("SETUP", f"'{folder}/setup'").replace("FOLDER", str(folder))
    (folder / "slurm" / "profile.yaml").write_text(text)
    return folder


def test_numbers_are_the_same_bit_for_bit(slurm: LocalSlurm, place: Path, tmp_path: Path) -> None:
    results = place / "the results"
    options = ["small", "--config", str(CONFIG), "--results", str(results)]
    shown = severe(place, "plan", *options, "--executor", "slurm")
    assert shown.returncode == 0, shown.stderr
    assert "#SBATCH --cpus-per-task=1" in shown.stdout
    assert not results.exists(), "planning makes nothing"
    ran = severe(place, "run", *options, "--executor", "slurm", "--wait")
    assert ran.returncode == 0, ran.stderr + logs(results)
    assert run_small(tmp_path / "local") == 0
    assert numbers(results) == numbers(tmp_path / "local")
    assert (results / "small" / "report" / "index.html").exists()
    assert "submitit.core._submit" in (place / "started").read_text()
    assert (place / "setup").exists()
    again = severe(place, "run", *options, "--executor", "slurm")
    assert again.returncode == 0
    assert (
        f"{len(cells_of())} cell(s) found done, 0 on their way\nnothing to submit" in again.stdout
    )


def logs(results: Path) -> str:
    paths = sorted((Layout(results, "small").results / "small" / "slurm").glob("*/logs/*.err"))
    return "\n".join(path.read_text()[-2000:] for path in paths)
