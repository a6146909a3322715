"""Lanes: the places where cells run side by side. torch is not imported to find them."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from severe_bench.core.errors import UserError

VISIBLE = "CUDA_VISIBLE_DEVICES"
JOB = "SLURM_JOB_ID"
LENT_CPUS, LENT_MEGABYTES = "SLURM_CPUS_ON_NODE", "SLURM_MEM_PER_NODE"
"""In allocations of sites that do not confine them."""
BYTES_PER_CPU_LANE = 3 * 2**29
"""1.5 GiB: torch, one batch of clips and a dataset's decoded videos."""

ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
}
"""Two one-thread workers do up to twice as much on two cores as one two-thread worker."""


@dataclass(frozen=True)
class Lane:
    """One worker at a time runs here.

    Args:
        name: as displayed, e.g. `cpu 1`, `cuda:1`.
        device: torch device string in the worker.
        env: environment of the worker beside the run's own.
        lease: what only one worker on this host may use at a time; empty: nothing.
    """

    name: str
    device: str
    env: dict[str, str]
    lease: str = ""


def lanes(devices: str) -> tuple[Lane, ...]:
    """The lanes of `--devices`.

    Args:
        devices: `auto` (all CUDA devices, else the cores), `cpu`, `cuda` (all), or `cuda:0,1`,
            counted within CUDA_VISIBLE_DEVICES where that is set.

    Raises:
        UserError: no such device.
    """
    if devices == "cpu":
        return _cpu_lanes()
    visible = _cuda_devices()
    if devices == "auto":
        return _cuda_lanes(visible, range(len(visible))) if visible else _cpu_lanes()
    if devices == "cuda" and visible:
        return _cuda_lanes(visible, range(len(visible)))
    match = re.fullmatch(r"cuda:(\d+(?:,\d+)*)", devices)
    if match:
        return _cuda_lanes(visible, [int(number) for number in match[1].split(",")])
    what = "there is no CUDA device" if devices == "cuda" else f"not a device: {devices!r}"
    raise UserError(what, "--devices", "use auto, cpu or cuda:0,1")


def _cpu_lanes() -> tuple[Lane, ...]:
    cores = min(len(os.sched_getaffinity(0)), _lent(LENT_CPUS) or sys.maxsize)
    fitting = max(1, _available_bytes() // BYTES_PER_CPU_LANE)
    return tuple(Lane(f"cpu {n}", "cpu", ONE_THREAD) for n in range(min(cores, fitting)))


def _cuda_lanes(visible: list[str], numbers: "range | list[int]") -> tuple[Lane, ...]:
    for number in numbers:
        if number >= len(visible):
            found = f"{len(visible)} CUDA devices are visible" if visible else "no CUDA device is"
            raise UserError(f"no device cuda:{number}", "--devices", f"{found}; use auto or cpu")
    cuda = {"CUBLAS_WORKSPACE_CONFIG": ":4096:8"}
    return tuple(
        Lane(
            f"cuda:{number}", "cuda:0", {VISIBLE: visible[number], **cuda}, _lease(visible[number])
        )
        for number in dict.fromkeys(numbers)
    )


def _lease(device: str) -> str:
    """Jobs of a cluster may each call theirs 0, and have them to themselves."""
    return f"{os.environ.get(JOB, 'here')}-{device}"


def _cuda_devices() -> list[str]:
    """What CUDA_VISIBLE_DEVICES may be set to, one worker each."""
    installed = _installed_devices()
    named = os.environ.get(VISIBLE)
    if named is None or not installed:
        return [str(number) for number in range(installed)]
    return [name.strip() for name in named.split(",") if name.strip() not in {"", "-1"}]


def _installed_devices() -> int:
    folder = Path("/proc/driver/nvidia/gpus")
    if folder.is_dir():
        return sum(1 for _ in folder.iterdir())
    program = shutil.which("nvidia-smi")
    if program is None:
        return 0
    listed = subprocess.run([program, "-L"], capture_output=True, text=True, check=False)  # noqa: S603
    return len(re.findall(r"^GPU \d+:", listed.stdout, re.MULTILINE))


def _available_bytes() -> int:
    """Memory that is free for us: what the kernel says, within control group and allocation."""
    free = _field(Path("/proc/meminfo"), r"MemAvailable:\s+(\d+) kB")
    limit = _field(Path("/sys/fs/cgroup/memory.max"), r"(\d+)")
    used = _field(Path("/sys/fs/cgroup/memory.stat"), r"^anon (\d+)")  # file cache gives way
    amounts = [] if free is None else [free * 1024]
    if lent := _lent(LENT_MEGABYTES):
        amounts.append(lent * 2**20)
    if limit is not None and used is not None:
        amounts.append(max(0, limit - used))
    return min(amounts, default=BYTES_PER_CPU_LANE * (os.cpu_count() or 1))


def _lent(name: str) -> int:
    """What Slurm has lent us on this node; 0 where it does not say, or we are in no allocation."""
    text = os.environ.get(name, "") if JOB in os.environ else ""
    return int(text) if text.isdigit() else 0


def _field(path: Path, pattern: str) -> int | None:
    found = re.search(pattern, path.read_text(), re.MULTILINE) if path.exists() else None
    return int(found[1]) if found else None
