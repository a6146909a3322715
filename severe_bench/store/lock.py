"""Who works on a cell: a lock that dies with its process, and a heartbeat for other nodes.

`flock` on `<folder>/lock` excludes processes of one machine, and of several where the file system
carries locks. Where it does not, `claim.json` (host, process, start) does: it is created by one
process only, its modification time is the heartbeat, renewed by `Claim.beat`, and it counts until
it is stale.
"""

import fcntl
import json
import os
import secrets
import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from severe_bench.core.atomic import mendable_writes
from severe_bench.core.errors import UserError
from severe_bench.core.frozen import Frozen
from severe_bench.store.layout import CLAIM, LOCK

BEAT_SECONDS = 5.0
STALE_SECONDS = 120.0
"""A heartbeat older than this is a dead node's; generous, because clocks of nodes differ."""


class Owner(Frozen):
    """Who holds a cell, as `claim.json` says."""

    host: str
    pid: int
    start: float


@dataclass(frozen=True)
class Claim:
    """A cell that this process holds until `release` or its own death."""

    folder: Path
    descriptor: int
    inode: int

    def beat(self) -> None:
        """Renew the heartbeat, unless the claim vanished with its folder or is another's now."""
        path = self.folder / CLAIM
        try:
            if path.stat().st_ino == self.inode:
                os.utime(path)
        except FileNotFoundError:
            return

    def release(self) -> None:
        """Let others have the cell."""
        self._unclaim()
        os.close(self.descriptor)

    def move_away(self, target: Path) -> None:
        """Rename the folder and let go of it; whoever claims the cell next finds it empty."""
        self._unclaim()
        self.folder.rename(target)
        os.close(self.descriptor)

    def _unclaim(self) -> None:
        path = self.folder / CLAIM
        with suppress(FileNotFoundError):
            if path.stat().st_ino == self.inode:
                path.unlink()


def claim(folder: Path) -> Claim | None:
    """Take a cell; None when another living process has it.

    Raises:
        UserError: the folder cannot be written.
    """
    descriptor = _lock(folder)
    if descriptor is None:
        return None
    inode = None
    try:
        inode = _publish(folder)
    finally:
        if inode is None:
            os.close(descriptor)
    return None if inode is None else Claim(folder, descriptor, inode)


def owner(folder: Path) -> Owner | None:
    """Who works on a cell now; None when nobody does, whatever a dead process left behind."""
    found = last_owner(folder)
    if found is None:
        return None
    alive = _locked(folder) if found.host == socket.gethostname() else _fresh(folder)
    return found if alive else None


def last_owner(folder: Path) -> Owner | None:
    """Who has, or had, a cell as far as its folder says; None after it was let go of in order."""
    try:
        return Owner.model_validate(json.loads((folder / CLAIM).read_bytes()))
    except (FileNotFoundError, NotADirectoryError, ValueError, ValidationError):
        return None


def _lock(folder: Path) -> int | None:
    path = folder / LOCK
    with mendable_writes(folder):
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    held = False
    try:
        held = _flock(descriptor, path) and _same_file(descriptor, path)
    finally:
        if not held:
            os.close(descriptor)
    return descriptor if held else None


def _flock(descriptor: int, path: Path) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        mend = "mount it with locks (Lustre: -o flock) or pass another --results folder"
        raise UserError(f"cannot lock a file here: {error.strerror}", str(path), mend) from error
    return True


def _same_file(descriptor: int, path: Path) -> bool:
    """Whether the locked file is still the folder's: it may have gone into quarantine."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _locked(folder: Path) -> bool:
    try:
        descriptor = os.open(folder / LOCK, os.O_RDONLY)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _publish(folder: Path) -> int | None:
    """Create the claim file; its inode, or None where another node's living process has one.

    Creating is exclusive on every file system that nodes share, so that of two nodes that find no
    claim, or the same dead one, only one gets it.
    """
    mine = Owner(host=socket.gethostname(), pid=os.getpid(), start=time.time())
    path = folder / CLAIM
    if path.exists() and not _clear_dead(path):
        return None
    with mendable_writes(path):
        try:
            stream = path.open("x")
        except FileExistsError:
            return None
        try:
            with stream:
                stream.write(mine.model_dump_json())
                stream.flush()
                os.fsync(stream.fileno())
                return os.fstat(stream.fileno()).st_ino
        except OSError:
            path.unlink(missing_ok=True)
            raise


def _clear_dead(path: Path) -> bool:
    """Remove a claim whose process is dead; false where it lives, or where another was quicker.

    A claim of this host is dead, for the lock is ours. One that cannot be read is being written.
    """
    found = last_owner(path.parent)
    here = found is not None and found.host == socket.gethostname()
    if not here and _fresh(path.parent):
        return False
    aside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        before = path.stat().st_ino
        path.rename(aside)
    except FileNotFoundError:
        return False
    if aside.stat().st_ino != before:  # between the two another node had cleared and claimed it
        with suppress(FileExistsError):
            os.link(aside, path)
        aside.unlink()
        return False
    aside.unlink()
    return True


def _fresh(folder: Path) -> bool:
    try:
        return time.time() - (folder / CLAIM).stat().st_mtime < STALE_SECONDS
    except FileNotFoundError:
        return False
