"""Who works on a cell: a lock that dies with its process, and a heartbeat for other nodes.

`flock` on `<folder>/lock` excludes processes of one machine, and of several where the file system
carries locks. Where it does not, `claim.json` (host, process, start, token) does: it is created by
one process only, its modification time is the heartbeat, renewed by `Claim.beat`, and it counts
until it is stale. A holder that slept for longer finds another's token, or none, and has lost the
cell. Nobody can tell whether the locks of another node reach this one (a file server's own do not
reach its clients), so the heartbeat of another node counts even where its lock is free.
"""

import fcntl
import json
import os
import secrets
import socket
import time
from contextlib import suppress
from pathlib import Path

from pydantic import Field, ValidationError

from severe_bench.core.atomic import mendable_writes
from severe_bench.core.errors import LostClaim, UserError
from severe_bench.core.frozen import Frozen
from severe_bench.store.layout import CLAIM, LOCK

BEAT_SECONDS = 5.0
ASLEEP_SECONDS = 30.0
"""A holder whose heart has not beaten for so long looks whether the cell is still its own."""
STALE_SECONDS = 120.0
"""A heartbeat further away than this, in the past or in the future, is a dead node's; generous,
because clocks of nodes differ."""


class Owner(Frozen):
    """Who holds a cell, as `claim.json` says; the token is this claim's alone, and no news."""

    host: str
    pid: int
    start: float
    token: str = Field(default="", exclude=True, repr=False)


class Claim:
    """A cell that this process holds until `release`, its own death, or a loss while it slept.

    Args:
        folder: of the cell.
        descriptor: of the locked file.
        token: in `claim.json`. Not its inode: that of a removed file is given to the next.
        dead_since: last heartbeat of the dead process whose claim this one replaced, if any.
    """

    def __init__(
        self, folder: Path, descriptor: int, token: str, dead_since: float | None = None
    ) -> None:
        self.folder, self.descriptor, self.token = folder, descriptor, token
        self.dead_since = dead_since
        self._lost = False
        self._last_beat = time.time()

    def beat(self) -> None:
        """Renew the heartbeat, or note that the claim is gone or another's.

        Raises:
            OSError: the file system does not answer; that says nothing about the claim.
        """
        now = time.time()
        if self._is_mine():
            os.utime(self.folder / CLAIM)
            self._last_beat = now

    @property
    def lost(self) -> bool:
        """Whether another process took the cell; looked up where the heart stood still."""
        if abs(time.time() - self._last_beat) > ASLEEP_SECONDS:
            with suppress(OSError):
                self.beat()
        return self._lost

    def confirm(self) -> None:
        """Look whether the cell is still this process's, before something is written for good.

        Raises:
            LostClaim: it is not.
            UserError: the folder cannot be read.
        """
        with mendable_writes(self.folder / CLAIM):
            if not self._is_mine():
                raise LostClaim(str(self.folder))

    def release(self) -> None:
        """Let others have the cell."""
        self._unclaim()
        os.close(self.descriptor)

    def move_away(self, target: Path) -> None:
        """Rename the folder and let go of it; whoever claims the cell next finds it empty."""
        self._unclaim()
        self.folder.rename(target)
        os.close(self.descriptor)

    def _is_mine(self) -> bool:
        found = last_owner(self.folder)
        mine = found is not None and found.token == self.token
        if not mine:
            self._lost = True
        return mine

    def _unclaim(self) -> None:
        with suppress(OSError):  # what cannot be removed goes stale
            if self._is_mine():
                (self.folder / CLAIM).unlink()


def claim(folder: Path) -> Claim | None:
    """Take a cell; None when another living process has it.

    Raises:
        UserError: the folder cannot be written.
    """
    descriptor = _lock(folder)
    if descriptor is None:
        return None
    token = None
    try:
        dead_since = _last_beat(folder)
        token = _publish(folder)
    finally:
        if token is None:
            os.close(descriptor)
    return None if token is None else Claim(folder, descriptor, token, dead_since)


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
        return _parsed((folder / CLAIM).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None


def _parsed(content: bytes) -> Owner | None:
    try:
        return Owner.model_validate_json(content)
    except ValidationError:
        return None


def _lock(folder: Path) -> int | None:
    path = folder / LOCK
    with mendable_writes(folder):
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    held = False
    try:
        held = flocked(descriptor, path) and _same_file(descriptor, path)
    finally:
        if not held:
            os.close(descriptor)
    return descriptor if held else None


def flocked(descriptor: int, path: Path) -> bool:
    """Whether this process has the kernel's lock on an open file now; it does not wait for it.

    Raises:
        UserError: the file system has no locks.
    """
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


def _publish(folder: Path) -> str | None:
    """Create the claim file; its token, or None where another node's living process has one.

    Creating is exclusive on every file system that nodes share, so that of two nodes that find no
    claim, or the same dead one, only one gets it.
    """
    token = secrets.token_hex(8)
    mine = Owner(host=socket.gethostname(), pid=os.getpid(), start=time.time(), token=token)
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
                stream.write(json.dumps({**mine.model_dump(), "token": token}))
                stream.flush()
                os.fsync(stream.fileno())
                return token
        except OSError:
            path.unlink(missing_ok=True)
            raise


def _clear_dead(path: Path) -> bool:
    """Remove a claim whose process is dead; false where it lives, or where another was quicker.

    A claim of this host is dead, for the lock is ours. One that cannot be read is being written.
    What is removed is what was judged: its content is read first, then the time of its heartbeat.
    """
    aside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        judged = _looks(path)
        if not _is_dead(*judged):
            return False
        path.rename(aside)
    except FileNotFoundError:
        return True  # let go of meanwhile; whoever creates the next one has the cell
    if _looks(aside) != judged:  # between the two another node had cleared and claimed it
        with suppress(FileExistsError):
            os.link(aside, path)
        aside.unlink()
        return False
    aside.unlink()
    return True


def _looks(path: Path) -> tuple[bytes, float]:
    return path.read_bytes(), path.stat().st_mtime


def _is_dead(content: bytes, beat: float) -> bool:
    found = _parsed(content)
    here = found is not None and found.host == socket.gethostname()
    return here or not _is_near(beat)


def _fresh(folder: Path) -> bool:
    beat = _last_beat(folder)
    return beat is not None and _is_near(beat)


def _is_near(beat: float) -> bool:
    return abs(time.time() - beat) < STALE_SECONDS


def _last_beat(folder: Path) -> float | None:
    try:
        return (folder / CLAIM).stat().st_mtime
    except FileNotFoundError:
        return None
