"""Prepared videos on disk: their folder, the manifest that lists them, and a dataset of them."""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Final

from severe_bench.config.prepared import Prepared
from severe_bench.core.atomic import mendable_writes, write_text
from severe_bench.core.digest import digest_of
from severe_bench.core.errors import UserError
from severe_bench.core.extras import STARTS, TUBES
from severe_bench.core.record import Dataset
from severe_bench.data.made import Made
from severe_bench.data.originals import changed, require_apart

MANIFEST: Final = "prepared.jsonl"
VERSION: Final = 1
"""Of the way videos are prepared; raised when it changes pixels."""
BEGUN: Final = ".begun"
ROOT: Final = "root"
"""Key of the originals' root in the manifest's first line."""
QUICK_BYTES: Final = 4 * 2**20
QUICK_VIDEOS: Final = 256
"""What plan may read of a manifest, and how many originals it may look at."""
RAW_SOURCE: Final = "frames of the originals, resized to the short side, before any encoding"
"""What raw frames are, stated in the manifest."""


def prepared_folder(root: Path, how: Prepared) -> Path:
    """Where prepared videos lie by default: beside the originals' folder.

    Example:
        >>> prepared_folder(Path("/data/ucf101"), Prepared()).as_posix()
        '/data/ucf101-prepared-128-crf20'
    """
    root = root.absolute()
    kind = "raw" if how.raw else f"crf{how.crf}"
    return root.with_name(f"{root.name}-prepared-{how.short_side}-{kind}")


def prepared_digest(digest: str, how: Prepared) -> str:
    """A dataset's digest when it is read from prepared videos: these have other pixels."""
    return digest_of({"dataset": digest, "prepared": how.settings(), "version": VERSION})


def prepared_problems(folder: Path, root: Path, how: Prepared) -> list[str]:
    """What is missing, misplaced or of other settings, cheaply; empty where nothing is."""
    manifest = Manifest(folder, how)
    try:
        require_apart(root, [], folder)
        manifest.require_settings()
    except UserError as error:
        return [str(error)]
    if manifest.path.is_file():
        return []
    return [f"no prepared videos in {folder}; run severe data prepare"]


def stale_remark(folder: Path, root: Path, how: Prepared) -> str:
    """What is to be said of originals that changed since, as far as a quick look finds any.

    Some of them are looked at, evenly spaced, and none where the manifest is long. Whether a cell
    reads those that changed, it finds out itself.
    """
    manifest = Manifest(folder, how)
    try:
        if manifest.path.stat().st_size > QUICK_BYTES:
            return ""
        made = list(manifest.read().values())
        _require_current(manifest, made[:: len(made) // QUICK_VIDEOS + 1], root)
    except OSError:
        return ""
    except UserError as error:
        return str(error)
    return ""


class Manifest:
    """The list of a folder's prepared videos: one JSON line each, appended when it is done.

    The first line states the settings and the root of the originals, which older manifests lack.
    A line torn by a kill is passed over, and its video is made again. What `prepare` has begun and
    not yet listed stands in a file of its own, which only a kill leaves behind.

    Args:
        folder: of the prepared videos.
        how: their settings.
    """

    def __init__(self, folder: Path, how: Prepared) -> None:
        self.folder, self.how = folder, how
        self.path = folder / MANIFEST
        self._begun = folder / BEGUN

    def read(self) -> dict[str, Made]:
        """Prepared videos by the path of the original; empty where there is no manifest.

        Raises:
            UserError: the videos were prepared with other settings.
        """
        if not self.path.exists():
            return {}
        head, *lines = self.path.read_text().splitlines() or [""]
        self._require(head)
        made = (found for found in map(_parsed, lines) if found is not None)
        return {video.path: video for video in made}

    def require_settings(self) -> None:
        """Refuse videos that were prepared with other settings; only the first line is read.

        Raises:
            UserError: they were.
        """
        head = self._first_line()
        if head:
            self._require(head)

    def root(self) -> Path | None:
        """Of the originals; None where there is no manifest, or an older one."""
        found = _object(self._first_line()).get(ROOT)
        return Path(found) if isinstance(found, str) else None

    def begin(self, root: Path | None = None) -> None:
        """Write the first line; a last line that was torn is ended."""
        if not self.path.exists():
            place = {} if root is None else {ROOT: str(root.resolve())}
            write_text(self.path, json.dumps({**self._head(), **place}, sort_keys=True) + "\n")
        elif not self.path.read_bytes().endswith(b"\n"):
            _append(self.path, "\n")

    def announce(self, path: str, prepared: str) -> None:
        """Note that a file is about to be written from this original."""
        _append(self._begun, json.dumps([path, prepared]) + "\n")

    def end(self) -> None:
        """All that was begun is listed or refused."""
        self._begun.unlink(missing_ok=True)

    def owners(self) -> dict[str, str]:
        """The original of each file that `prepare` made here or, before a kill, had begun."""
        try:
            pairs = [_pair(line) for line in self._begun.read_text().splitlines()]
        except OSError:
            pairs = []
        begun = {prepared: path for path, prepared in filter(None, pairs)}
        return begun | {made.prepared: made.path for made in self.read().values()}

    def add(self, made: Made) -> None:
        """Append a video that was prepared and verified."""
        _append(self.path, json.dumps(asdict(made), sort_keys=True) + "\n")

    def _first_line(self) -> str:
        """Empty where there is no manifest."""
        try:
            with self.path.open() as stream:
                return stream.readline()
        except OSError:
            return ""

    def _require(self, head: str) -> None:
        found = {key: value for key, value in _object(head).items() if key != ROOT}
        if found != self._head():
            what = f"its videos were prepared as {json.dumps(found)}, not as {self._head()}"
            raise UserError(what, str(self.path), "use another folder")

    def _head(self) -> dict[str, object]:
        source = {"source": RAW_SOURCE} if self.how.raw else {}
        return {**self.how.settings(), **source, "version": VERSION}


def _append(path: Path, text: str) -> None:
    with mendable_writes(path), path.open("a") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())


def _object(line: str) -> dict[str, object]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _pair(line: str) -> tuple[str, str] | None:
    try:
        path, prepared = json.loads(line)
    except (ValueError, TypeError):  # torn by a kill
        return None
    return path, prepared


def listed(folder: Path) -> tuple[Made, ...]:
    """The videos that a folder's manifest lists, whatever their settings; none without manifest."""
    try:
        lines = (folder / MANIFEST).read_text().splitlines()
    except OSError:
        return ()
    return tuple(made for line in lines[1:] if (made := _parsed(line)) is not None)


def _parsed(line: str) -> Made | None:
    try:
        return Made(**json.loads(line))
    except (ValueError, TypeError):
        return None


def of_prepared(dataset: Dataset, how: Prepared, folder: Path | None = None) -> Dataset:
    """The dataset with its prepared videos instead of the originals.

    Args:
        dataset: of originals.
        how: settings of the prepared videos.
        folder: of the prepared videos; by default beside the originals.

    Raises:
        UserError: some of the videos are not prepared and not known to be missing, were prepared
            in another way, from other originals or before these changed; or
            targets are in frames of an original whose frames are others.
    """
    place = folder or prepared_folder(dataset.root, how)
    manifest = Manifest(place, how)
    made = manifest.read()
    paths = dict.fromkeys(record.path for record in dataset.available(dataset.records))
    lost = [path for path in paths if path not in made]
    if lost:
        what = f"{len(lost)} of {len(paths)} videos are not prepared, e.g. {lost[0]}"
        raise UserError(what, str(place), "run severe data prepare")
    _require_current(manifest, [made[path] for path in paths], dataset.root)
    _require_same_frames(dataset, made)
    records = tuple(
        replace(r, path=made[r.path].prepared) if r.path in made else r for r in dataset.records
    )
    return replace(dataset, root=place, records=records)


def _require_current(manifest: Manifest, made: Sequence[Made], root: Path) -> None:
    """Refuse videos whose originals are others by now; those of a root that moved must be there."""
    known = manifest.root()
    moved = known is not None and known != root.resolve()
    others = changed(made, root, there=moved)
    if others and moved:
        what = f"holds the prepared videos of {known}, and {others[0]} in {root} is not the same"
        raise UserError(what, str(manifest.folder), "prepare these into another folder")
    if others:
        what = f"{len(others)} of {len(made)} originals changed since, e.g. {others[0]}"
        raise UserError(what, str(manifest.folder), "run severe data prepare again")


def _require_same_frames(dataset: Dataset, made: Mapping[str, Made]) -> None:
    """Refuse targets that are numbers of frames where frame i is not frame i of the original."""
    counted = {STARTS.name, TUBES.name}
    for record in dataset.available(dataset.records):
        if made[record.path].resampled and counted & set(record.extras):
            what = "its frame rate varies, so that its annotated frames are not those prepared"
            raise UserError(what, record.sample, "read the originals: leave out `prepared`")


@contextmanager
def claimed(folder: Path) -> Iterator[None]:
    """One `prepare` at a time per folder.

    Raises:
        UserError: another one is at work, or the folder cannot be written.
    """
    import fcntl

    with mendable_writes(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / ".lock").open("w")
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UserError("another prepare is at work here", str(folder), "let it end") from None
        yield
