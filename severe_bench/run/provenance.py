"""What a number rests on: code, libraries, machine."""

import hashlib
import os
import platform
import socket
import sys
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import severe_bench
from severe_bench.run.work import Outputs
from severe_bench.store.events import Attempts
from severe_bench.store.result import Provenance

LIBRARIES = (
    "av",
    "decord",
    "numpy",
    "pydantic",
    "scikit-learn",
    "scipy",
    "torch",
    "torchvision",
)


def provenance(outputs: Outputs, device: str, past: Attempts, command: str) -> Provenance:
    """Provenance of a cell that has just finished.

    Args:
        outputs: digests, seeds and decoders are read.
        device: torch device string.
        past: all attempts, this one included; remarks of needed cells too.
        command: what computes the cell again.
    """
    now = datetime.now(UTC)
    started = datetime.fromtimestamp(past.first, UTC) if past.first is not None else now
    return Provenance(
        version=severe_bench.__version__,
        code=code_digest(),
        libraries=library_versions(),
        python=platform.python_version(),
        decoder=", ".join(outputs.decoders),
        decoders=dict(outputs.decoders),
        host=socket.gethostname(),
        device=device_name(device),
        platform=platform.platform(),
        seeds=dict(outputs.seeds),
        weights=outputs.weights,
        split=outputs.split,
        dataset=outputs.dataset,
        started=started.isoformat(timespec="seconds"),
        finished=now.isoformat(timespec="seconds"),
        resumed=past.resumed,
        remarks=past.remarks,
        command=command,
    )


@cache
def code_digest() -> str:
    """SHA-256 over names and contents of this package's Python files."""
    root = Path(severe_bench.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


@cache
def library_versions() -> dict[str, str]:
    """Version of each library that can change a number, where installed."""
    found = {name: _version(name) for name in LIBRARIES}
    return {name: text for name, text in found.items() if text}


def device_name(device: str) -> str:
    """The device as people call it, e.g. `cpu (2 cores, x86_64)` or `cuda:0 (NVIDIA H200)`."""
    torch = sys.modules.get("torch")
    if device.startswith("cuda") and torch is not None:
        return f"{device} ({torch.cuda.get_device_name(device)})"
    if device == "cpu":
        return f"cpu ({len(os.sched_getaffinity(0))} cores, {platform.machine()})"
    return device


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
