"""Peak memory of one cell in a process that runs many, and who died for want of it."""

import re
import resource
import sys
from collections.abc import Iterator
from pathlib import Path

STATUS = Path("/proc/self/status")
CLEAR = Path("/proc/self/clear_refs")
GROUPS = Path("/proc/self/cgroup")
CGROUPS = Path("/sys/fs/cgroup")
OOM_FILES = ("memory.events", "memory.oom_control")
RESET_PEAK = "5"  # proc(5): resets the peak resident set size


def begin() -> None:
    """Forget the peak so far, where the kernel can."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    if CLEAR.exists():
        CLEAR.write_text(RESET_PEAK)


def peak(device: str) -> int:
    """Largest memory since `begin`, in bytes: of the device on CUDA, resident otherwise."""
    torch = sys.modules.get("torch")
    if device.startswith("cuda") and torch is not None:
        return int(torch.cuda.max_memory_allocated(device))
    found = re.search(r"VmHWM:\s+(\d+) kB", STATUS.read_text()) if STATUS.exists() else None
    if found:
        return int(found[1]) * 1024
    usage = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return usage if sys.platform == "darwin" else usage * 1024


def oom_kills() -> int:
    """How many processes of this one's control group the kernel has killed for want of memory.

    Zero where there are no control groups to say so.
    """
    found = (_count(folder / name) for folder in _groups() for name in OOM_FILES)
    return max(found, default=0)


def _groups() -> Iterator[Path]:
    """Folders of this process's control groups, of either version; see cgroups(7)."""
    if not GROUPS.exists():
        return
    for line in GROUPS.read_text().splitlines():
        _, kinds, path = line.split(":", 2)
        root = CGROUPS / "memory" if "memory" in kinds.split(",") else CGROUPS
        yield root / path.lstrip("/")


def _count(path: Path) -> int:
    found = re.search(r"^oom_kill (\d+)", path.read_text(), re.MULTILINE) if path.exists() else None
    return int(found[1]) if found else 0
