"""Prepare a dataset once, in parallel; what is done is not done again.

Each video is written under a temporary name, verified, renamed, and then listed in the manifest.
A kill at any moment costs the videos in work.
"""

import shutil
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from severe_bench.config.prepared import Prepared
from severe_bench.core.atomic import TEMPORARY_MARK
from severe_bench.core.errors import UserError
from severe_bench.data.isolated import ReaderProcess
from severe_bench.data.made import Made
from severe_bench.data.originals import changed, require_apart, require_free
from severe_bench.data.prepared import Manifest, claimed
from severe_bench.data.raw_frames import SUFFIX
from severe_bench.data.reencode import reencode

DEADLINE = 3600.0
"""Seconds per video."""

TRIED = 8
"""Videos prepared first, to estimate what all will take."""

SPARE = 1.1
"""Of the estimate must be free."""


@dataclass(frozen=True)
class Refused:
    """A video that could not be prepared."""

    path: str
    reason: str


@dataclass(frozen=True)
class Outlook:
    """What is to be done.

    Args:
        videos: all of the dataset.
        done: those prepared before.
        bytes: that the rest is estimated to take; 0 where none could be tried.
        free: bytes on the disk.
    """

    videos: int
    done: int
    bytes: int
    free: int


@dataclass(frozen=True)
class Prepare:
    """Prepares the videos of one dataset.

    Args:
        root: of the originals.
        paths: of the originals, relative to it, each once.
        folder: of the prepared videos.
        how: settings.
        workers: processes.
    """

    root: Path
    paths: Sequence[str]
    folder: Path
    how: Prepared
    workers: int

    @contextmanager
    def opened(self) -> "Iterator[Work]":
        """The folder, claimed, with what a kill left behind removed.

        Raises:
            UserError: another prepare is at work there; the folder cannot be written, touches that
                of the originals, or holds other files of these names or videos prepared in another
                way or of another root; or two originals would get one name.
        """
        names = names_of(self.paths, SUFFIX if self.how.raw else ".mp4")
        manifest = Manifest(self.folder, self.how)
        require_apart(self.root, self.paths, self.folder)
        _require_own(manifest, self.root)
        require_free(self.folder, names, manifest.owners())
        with claimed(self.folder):
            for left in self.folder.rglob(f"*{TEMPORARY_MARK}*"):
                left.unlink(missing_ok=True)
            manifest.begin(self.root)
            yield Work(self, manifest, names)
            manifest.end()


class Work:
    """An opened `Prepare`."""

    def __init__(self, plan: Prepare, manifest: Manifest, names: dict[str, str]) -> None:
        self.plan, self._manifest, self._names = plan, manifest, names
        self._local = threading.local()
        self._readers: list[ReaderProcess] = []
        known = manifest.read()
        self.done = {
            path: known[path]
            for path in plan.paths
            if path in known and known[path].is_current(plan.root, plan.folder)
        }
        self.refused: dict[str, Refused] = {}

    @property
    def left(self) -> list[str]:
        """Videos neither done nor refused, in order."""
        return [p for p in self.plan.paths if p not in self.done and p not in self.refused]

    def outlook(self) -> Outlook:
        """Prepare a few videos and estimate from them what the rest takes on disk."""
        left = self.left
        for _ in self.run(left[:: max(1, len(left) // TRIED)][:TRIED]):
            pass
        made = self.done.values()
        read = sum(video.size for video in made)
        written = sum(video.prepared_size for video in made)
        rest = sum(_size(self.plan.root / path) for path in self.left)
        needed = int(rest * written / read) if read else 0
        free = shutil.disk_usage(self.plan.folder).free
        return Outlook(len(self.plan.paths), len(self.done), needed, free)

    def run(self, paths: Sequence[str] | None = None) -> Iterator[Made | Refused]:
        """Prepare these videos (by default all that are left); each as it is done."""
        todo = self.left if paths is None else paths
        pool = ThreadPoolExecutor(self.plan.workers)
        try:
            for found in _in_parallel(pool, self._one, self._begun(todo), 2 * self.plan.workers):
                if isinstance(found, Made):
                    self._manifest.add(found)
                    self.done[found.path] = found
                else:
                    self.refused[found.path] = found
                yield found
        finally:
            for reader in self._readers:
                reader.kill()  # no thread then waits for one
            pool.shutdown(cancel_futures=True)
            for reader in self._readers:
                reader.close()
            self._readers.clear()

    def _begun(self, paths: Iterable[str]) -> Iterator[str]:
        for path in paths:
            self._manifest.announce(path, self._names[path])
            yield path

    def _one(self, path: str) -> Made | Refused:
        plan, name = self.plan, self._names[path]
        try:
            return self._reader().call(
                reencode, plan.root / path, path, plan.folder / name, name, plan.how
            )
        except UserError as error:
            return Refused(path, error.what)

    def _reader(self) -> ReaderProcess:
        """One process per thread."""
        reader: ReaderProcess | None = getattr(self._local, "reader", None)
        if reader is None:
            reader = self._local.reader = ReaderProcess(DEADLINE)
            self._readers.append(reader)
        return reader


def _require_own(manifest: Manifest, root: Path) -> None:
    """Refuse a folder of videos prepared from other originals.

    An older manifest does not state its root: its videos must then be those at this one.
    """
    known = manifest.root()
    if known is None:
        others = changed(manifest.read().values(), root, there=False)
        what = f"{len(others)} of its videos were made from other originals than those in {root}"
    else:
        others = [] if known == root.resolve() else [str(known)]
        what = f"it holds the prepared videos of {known}, not of {root}"
    if others:
        raise UserError(what, str(manifest.folder), "prepare into another folder with --out")


def _in_parallel(
    pool: ThreadPoolExecutor,
    work: Callable[[str], Made | Refused],
    items: Iterable[str],
    ahead: int,
) -> Iterator[Made | Refused]:
    """Results as they come, with no more than `ahead` items handed out."""
    left = iter(items)
    running: set[Future[Made | Refused]] = {pool.submit(work, item) for item in islice(left, ahead)}
    while running:
        ended, running = wait(running, return_when=FIRST_COMPLETED)
        for future in ended:
            yield future.result()
        running |= {pool.submit(work, item) for item in islice(left, len(ended))}


def names_of(paths: Sequence[str], suffix: str = ".mp4") -> dict[str, str]:
    """Names of the prepared videos: the original's, with another suffix.

    Raises:
        UserError: two originals differ in their suffix only.

    Example:
        >>> names_of(["a/b.avi"])
        {'a/b.avi': 'a/b.mp4'}
    """
    owners: dict[str, str] = {}
    for path in paths:
        name = Path(path).with_suffix(suffix).as_posix()
        if Path(path).is_absolute() or ".." in Path(path).parts:
            raise UserError(f"video {path!r} lies outside the root", mend="mend the path")
        if name in owners:
            what = f"videos {owners[name]!r} and {path!r} would both become {name!r}"
            raise UserError(what, mend="rename one of them")
        owners[name] = path
    return {path: name for name, path in owners.items()}


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
