"""Python, the packages, and ffmpeg."""

import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

from severe_bench.doctor.finding import Finding

PACKAGES = (
    "torch",
    "torchvision",
    "av",
    "numpy",
    "pandas",
    "scikit-learn",
    "matplotlib",
    "submitit",
)
OLDEST_PYTHON = (3, 11)


def check_python() -> Iterator[Finding]:
    """The interpreter's version against the oldest one supported."""
    seen = f"{platform.python_version()} at {sys.executable}"
    if sys.version_info >= OLDEST_PYTHON:
        yield Finding(check="python", verdict="ok", seen=seen)
    else:
        yield Finding(
            check="python", verdict="problem", seen=seen, mend="install Python 3.11 or newer"
        )


def check_packages() -> Iterator[Finding]:
    """Installed versions of the packages that the harness needs."""
    for name in PACKAGES:
        try:
            yield Finding(check=name, verdict="ok", seen=version(name))
        except PackageNotFoundError:
            yield Finding(
                check=name, verdict="problem", seen="not installed", mend=f"pip install {name}"
            )


def check_ffmpeg() -> Iterator[Finding]:
    """The ffmpeg program: not needed by the harness itself, handy for damaged videos."""
    program = shutil.which("ffmpeg")
    if program is None:
        mend = (
            "apt-get install ffmpeg (or your site's module); only wanted for mending videos by hand"
        )
        yield Finding(check="ffmpeg", verdict="note", seen="not on the PATH", mend=mend)
        return
    reply = subprocess.run(  # noqa: S603 - the program found on the PATH, fixed arguments
        [program, "-version"], capture_output=True, text=True, check=False, timeout=20
    )
    first = reply.stdout.splitlines()[0] if reply.stdout else f"exit code {reply.returncode}"
    yield Finding(check="ffmpeg", verdict="ok", seen=first)
