"""Lanes from `--devices` and the environment, without any GPU."""

import os
from pathlib import Path

import pytest

from severe_bench.core.errors import UserError
from severe_bench.run import devices
from severe_bench.run.devices import lanes


@pytest.fixture
def four_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_installed_devices", lambda: 4)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def visible(found: tuple[devices.Lane, ...]) -> list[str]:
    return [lane.env["CUDA_VISIBLE_DEVICES"] for lane in found]


def test_one_cpu_lane_per_core_of_ours_with_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {1, 5, 6})
    monkeypatch.setattr(devices, "_available_bytes", lambda: 2**40)
    found = lanes("cpu")
    assert len(found) == 3
    assert {lane.env["OMP_NUM_THREADS"] for lane in found} == {"1"}


@pytest.mark.parametrize(("gigabytes", "count"), [(0.5, 1), (3.2, 2), (100, 8)])
def test_memory_limits_cpu_lanes(
    monkeypatch: pytest.MonkeyPatch, gigabytes: float, count: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)))
    monkeypatch.setattr(devices, "_available_bytes", lambda: int(gigabytes * 2**30))
    assert len(lanes("cpu")) == count


@pytest.mark.usefixtures("four_gpus")
@pytest.mark.parametrize(
    ("asked", "expected"),
    [("auto", "0123"), ("cuda", "0123"), ("cuda:2", "2"), ("cuda:0,3", "03"), ("cuda:1,1", "1")],
)
def test_each_gpu_is_a_lane_that_sees_only_itself(asked: str, expected: str) -> None:
    found = lanes(asked)
    assert visible(found) == list(expected)
    assert {lane.device for lane in found} == {"cuda:0"}


@pytest.mark.usefixtures("four_gpus")
def test_visible_devices_are_honoured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3, GPU-abc")
    assert visible(lanes("auto")) == ["3", "GPU-abc"]
    assert visible(lanes("cuda:1")) == ["GPU-abc"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert lanes("auto")[0].device == "cpu"


@pytest.mark.usefixtures("four_gpus")
@pytest.mark.parametrize("asked", ["cuda:7", "gpu", "cuda:", "cuda:0;1", "", "cpu:0"])
def test_what_is_no_device_is_the_users_to_mend(asked: str) -> None:
    with pytest.raises(UserError, match="--devices"):
        lanes(asked)


def test_cuda_without_any_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "_installed_devices", lambda: 0)
    assert lanes("auto")[0].device == "cpu"
    with pytest.raises(UserError, match="no CUDA device"):
        lanes("cuda")
    with pytest.raises(UserError, match="no CUDA device"):
        lanes("cuda:0")


def test_a_field_is_read_or_none(tmp_path: Path) -> None:
    (tmp_path / "stat").write_text("file 9\nanon 12\n")
    assert devices._field(tmp_path / "stat", r"^anon (\d+)") == 12
    assert devices._field(tmp_path / "stat", r"^slab (\d+)") is None
    assert devices._field(tmp_path / "none", r"(\d+)") is None


def test_an_allocation_is_not_exceeded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the site does not confine it to its CPUs and memory."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(64)))
    monkeypatch.setattr(devices, "_field", lambda path, pattern: None)
    monkeypatch.setenv("SLURM_CPUS_ON_NODE", "3")
    monkeypatch.setenv("SLURM_MEM_PER_NODE", str(100 * 1024))
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    assert len(lanes("cpu")) == 3
    monkeypatch.setenv("SLURM_MEM_PER_NODE", str(4 * 1024))
    assert len(lanes("cpu")) == 2
    monkeypatch.setattr(devices, "_available_bytes", lambda: 2**40)
    monkeypatch.delenv("SLURM_JOB_ID")
    assert len(lanes("cpu")) == 64, "a variable left over from somewhere"


@pytest.mark.usefixtures("four_gpus")
def test_leases_are_of_devices_within_a_job(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [lane.lease for lane in lanes("cuda:1,3")] == ["here-1", "here-3"]
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    assert lanes("cuda:1")[0].lease == "7-1"
    assert lanes("cpu")[0].lease == ""
