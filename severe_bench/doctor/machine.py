"""Cores, memory, disk and accelerators."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from severe_bench.core.atomic import require_writable
from severe_bench.core.errors import UserError
from severe_bench.doctor.finding import Finding

GIB = 1024**3
LITTLE_MEMORY = 3 * GIB
LITTLE_DISK = 2 * GIB


def check_cores() -> Iterator[Finding]:
    """Cores this process may use; under Slurm fewer than the machine has."""
    usable = len(os.sched_getaffinity(0))
    yield Finding(check="cores", verdict="ok", seen=f"{usable} usable of {os.cpu_count()}")


def check_memory() -> Iterator[Finding]:
    """Memory available now, from /proc/meminfo."""
    available = available_memory()
    seen = f"{available / GIB:.1f} GiB available"
    if available >= LITTLE_MEMORY:
        yield Finding(check="memory", verdict="ok", seen=seen)
    else:
        mend = "close other programs; `severe run` starts fewer workers where memory is short"
        yield Finding(check="memory", verdict="problem", seen=seen, mend=mend)


def check_disk(results: Path) -> Iterator[Finding]:
    """Room and write permission where results will go."""
    folder = nearest_existing(results)
    free = shutil.disk_usage(folder).free
    seen = f"{free / GIB:.1f} GiB free at {folder}"
    try:
        require_writable(results)
    except UserError as error:
        seen = f"{error.where}: {error.what}"
        yield Finding(check="disk", verdict="problem", seen=seen, mend=error.mend)
        return
    if free < LITTLE_DISK:
        mend = "free some space or pass --results on another disk"
        yield Finding(check="disk", verdict="problem", seen=seen, mend=mend)
    else:
        yield Finding(check="disk", verdict="ok", seen=seen)


def check_devices() -> Iterator[Finding]:
    """What torch can compute on."""
    import torch

    if not torch.cuda.is_available():
        seen, mend = "cpu only", ""
        if shutil.which("nvidia-smi"):
            seen = f"cpu only: torch {torch.__version__} sees no GPU although nvidia-smi exists"
            mend = "install the torch build for your driver (pytorch.org, 'Get started')"
        yield Finding(check="devices", verdict="note" if mend else "ok", seen=seen, mend=mend)
        return
    for index in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(index)
        seen = f"{properties.name}, {properties.total_memory / GIB:.0f} GiB"
        yield Finding(check=f"cuda:{index}", verdict="ok", seen=seen)


def available_memory(meminfo: Path = Path("/proc/meminfo")) -> int:
    """Bytes available without swapping."""
    fields = dict(line.split(":", 1) for line in meminfo.read_text().splitlines() if ":" in line)
    return int(fields["MemAvailable"].split()[0]) * 1024


def nearest_existing(path: Path) -> Path:
    """`path` or the closest parent that exists."""
    path = path.absolute()
    return next(folder for folder in (path, *path.parents) if folder.exists())
