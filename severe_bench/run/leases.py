"""One worker per GPU, over all runs of a user on a host: a locked file for each device."""

import fcntl
import os
from pathlib import Path

from severe_bench.core.atomic import mendable_writes
from severe_bench.core.errors import UserError

FOLDER = Path("/tmp")  # noqa: S108 - the same for every run on a host, whatever TMPDIR says


def lease(device: str) -> int | None:
    """Take a device for as long as the file descriptor returned is open, here or in a child.

    Args:
        device: a name that is the same in every run that could use it.

    Returns:
        None where another run has it.

    Raises:
        UserError: the lock files cannot be written.
    """
    path = _folder() / f"{device.replace('/', '_')}.lock"
    with mendable_writes(path):
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def _folder() -> Path:
    """This user's folder of locks; nobody else can write to it."""
    path = FOLDER / f"severe-gpus-{os.getuid()}"
    with mendable_writes(path):
        path.mkdir(mode=0o700, exist_ok=True)
    if path.is_symlink() or path.stat().st_uid != os.getuid():
        raise UserError("belongs to somebody else", str(path), "have it removed")
    return path
