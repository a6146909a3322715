"""Each problem of a machine is named with the command that mends it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from severe_bench.doctor import cluster, decoders, machine, software
from severe_bench.doctor.examine import examine
from severe_bench.doctor.finding import Finding


def _by_check(findings: Iterator[Finding]) -> dict[str, Finding]:
    return {finding.check: finding for finding in findings}


def test_a_sound_machine_has_no_problem(tmp_path: Path) -> None:
    findings = _by_check(examine(tmp_path))
    assert {"python", "torch", "decord", "pyav", "cores", "memory", "disk", "slurm"} <= set(
        findings
    )
    assert findings["decord"].seen.endswith("exact on a test video")
    assert not [finding for finding in findings.values() if finding.verdict == "problem"]


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(software, "PACKAGES", ("no-such-package",))
    (finding,) = software.check_packages()
    assert (finding.verdict, finding.mend) == ("problem", "pip install no-such-package")


def test_an_old_python_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(software, "OLDEST_PYTHON", (9, 0))
    assert next(software.check_python()).verdict == "problem"


def test_little_memory_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 100 kB\nMemAvailable:       2048 kB\n")
    assert machine.available_memory(meminfo) == 2048 * 1024
    monkeypatch.setattr(machine, "LITTLE_MEMORY", 1 << 60)
    assert next(machine.check_memory()).verdict == "problem"


def test_a_full_disk_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "LITTLE_DISK", 1 << 60)
    finding = next(machine.check_disk(tmp_path / "not" / "yet" / "there"))
    assert finding.verdict == "problem"
    assert str(tmp_path) in finding.seen


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "crashes (signal 11)"),
        ("raise ImportError('libav is gone')", "libav is gone"),
        ('print(\'{"version": "1", "levels": [0, 0, 0]}\')', "wrong frames"),
        ("import time; time.sleep(30)", "hangs"),
    ],
)
def test_a_bad_decoder_is_told_apart(
    code: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = subprocess.run

    def broken(command: list[str], **rest: Any) -> Any:
        return real([command[0], "-c", code], **rest)

    monkeypatch.setattr(decoders.subprocess, "run", broken)
    monkeypatch.setattr(decoders, "DEADLINE_SECONDS", 2)
    by_check = _by_check(decoders.check_decoders())
    assert said in by_check["decord"].seen
    assert by_check["decord"].verdict == "note"
    assert by_check["pyav"].verdict == "problem"
    assert by_check["pyav"].mend == "pip install --force-reinstall av"


def test_slurm_that_does_not_reply(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("sbatch", "squeue", "scontrol", "srun"):
        program = tmp_path / name
        said = "echo 'scontrol: error: Slurmctld(primary) is DOWN' >&2"
        more = "echo 'scontrol: fatal: Could not establish a configuration source' >&2"
        program.write_text(f"#!/bin/sh\n{said}\n{more}\nexit 1\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    (finding,) = cluster.check_slurm()
    assert finding.verdict == "note", "everything runs on this machine without"
    assert finding.seen == "no controller replies (Slurmctld(primary) is DOWN)"


@pytest.mark.parametrize(
    ("storage", "told"),
    [
        ("accounting_storage/slurmdbd", "accounting"),
        ("accounting_storage/none", "no accounting, none needed"),
        ("(null)", "no accounting, none needed"),
    ],
)
def test_slurm_that_replies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, storage: str, told: str
) -> None:
    for name in ("sbatch", "squeue", "scontrol", "srun"):
        program = tmp_path / name
        program.write_text(
            f"#!/bin/sh\necho 'AccountingStorageType   = {storage}\n"
            "ClusterName = hpc\nMaxArraySize            = 1001\nSLURM_VERSION = 24.05.3'\n"
        )
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    (finding,) = cluster.check_slurm()
    assert finding.verdict == "ok"
    assert finding.seen == f"24.05.3 replies, cluster hpc; MaxArraySize 1001; {told}"


def test_one_failing_check_does_not_hide_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def check_memory() -> Iterator[Finding]:
        raise OSError("no /proc here")
        yield

    monkeypatch.setattr(machine, "check_memory", check_memory)
    findings = _by_check(examine(tmp_path))
    assert "no /proc here" in findings["memory"].seen
    assert "disk" in findings
