"""Samples whose video is missing or unreadable here: looked for once, kept for as long as it holds.

What a look finds is kept in the user's cache folder beside the times of change of the folders that
were looked into, and of those that links in them lead to, so that the next look is one `stat` per
folder and not one per video.
"""

import contextlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from severe_bench.config.prepared import Prepared
from severe_bench.core.atomic import write_json
from severe_bench.core.digest import digest_of
from severe_bench.core.errors import UserError
from severe_bench.core.record import SPLITS, Dataset, Record, Split
from severe_bench.data.cache import cache_folder
from severe_bench.data.datasets.videos import link_folders, missing
from severe_bench.data.prepared import MANIFEST, Manifest

ABSENT = "no such file"
NOT_PREPARED = "is not prepared"

RULES = 4
"""Raised when kept lists are to be made anew, as where decoders judge files by other rules."""

SETTLED_NS = 2_000_000_000
"""A folder that changed less than this before a look may change again without another time."""

UNSETTLED = (-1, -1)

NAMED = 3
"""Samples that a message names."""

Stamp = tuple[int, int] | None
"""Size and time of change of a file, time of change alone of a folder; None where it is absent."""


@dataclass(frozen=True)
class Missing:
    """One sample that cannot be read.

    Args:
        path: of its video, relative to the dataset's root.
        reason: `no such file`, or what the decoder said.
    """

    sample: str
    path: str
    split: Split
    reason: str


@dataclass(frozen=True)
class MissingList:
    """The samples of a dataset that cannot be read here, in official list order.

    Args:
        total: samples of the dataset.
    """

    entries: tuple[Missing, ...] = ()
    total: int = 0

    @property
    def samples(self) -> frozenset[str]:
        """Their names."""
        return frozenset(entry.sample for entry in self.entries)

    @property
    def counts(self) -> dict[str, int]:
        """How many, by split."""
        found = Counter(entry.split for entry in self.entries)
        return {split: found[split] for split in SPLITS}

    def identity(self, digest: str) -> str:
        """A dataset's digest when it is read without these samples: itself where there are none."""
        if not self.entries:
            return digest
        return digest_of({"dataset": digest, "missing": sorted(self.samples)})

    def said(self) -> str:
        """How many and the first names, in words."""
        names = ", ".join(entry.sample for entry in self.entries[:NAMED])
        more = ", ..." if len(self.entries) > NAMED else ""
        return f"{len(self.entries)} of {self.total} samples have no readable video: {names}{more}"


@dataclass(frozen=True)
class Videos:
    """Where the videos of a dataset lie.

    Args:
        digest: of its annotations and options.
        root: of the originals.
        prepared, folder: settings and place of prepared videos, where these are read.
    """

    digest: str
    root: Path
    prepared: Prepared | None = None
    folder: Path | None = None


@dataclass
class MissingLists:
    """Lists by dataset and place.

    Args:
        cache: folder where they are kept.
    """

    cache: Path = field(default_factory=lambda: cache_folder("missing"))

    def find(self, videos: Videos, load: Callable[[], Dataset]) -> MissingList:
        """The list as it was kept, if nothing has changed since; else by looking.

        Args:
            videos: where they lie.
            load: the dataset of originals; called only to look.
        """
        kept = _kept(self._file(videos))
        if kept is not None and _holds(kept["seen"]):
            return _parsed(kept)
        return self._look(videos, load(), _still_unreadable(kept, videos.root))

    def look(
        self, videos: Videos, dataset: Dataset, unreadable: Mapping[str, str] | None = None
    ) -> MissingList:
        """The list as it is now, which is kept.

        Args:
            videos: where they lie.
            dataset: of originals.
            unreadable: why which videos, by path, cannot be decoded; None where none was opened:
                what was found earlier then holds for videos that have not changed.
        """
        if unreadable is None:
            unreadable = _still_unreadable(_kept(self._file(videos)), videos.root)
        return self._look(videos, dataset, unreadable)

    def _look(self, videos: Videos, dataset: Dataset, unreadable: Mapping[str, str]) -> MissingList:
        reasons, seen = _looked(videos, dataset, unreadable)
        entries = tuple(
            Missing(record.sample, record.path, record.split, reasons[record.path])
            for record in dataset.records
            if record.path in reasons
        )
        found = MissingList(entries, len(dataset.records))
        content = {
            "rules": RULES,
            "seen": seen,
            "found": [asdict(entry) for entry in entries],
            "total": found.total,
        }
        with contextlib.suppress(OSError, UserError):  # a cache that cannot be written is no cache
            write_json(self._file(videos), content)
        return found

    def _file(self, videos: Videos) -> Path:
        how = videos.prepared.settings() if videos.prepared else None
        places = [str(place and place.absolute()) for place in (videos.root, videos.folder)]
        key = json.dumps([videos.digest, places, how], sort_keys=True)
        return self.cache / f"{sha256(key.encode()).hexdigest()[:32]}.json"


def require_complete(found: MissingList, where: object, dataset: str) -> None:
    """Refuse to read a dataset of which videos are missing, unless it was asked for.

    Args:
        found: by looking.
        where: its root, or `file:line` of its entry.
        dataset: its name.

    Raises:
        UserError: some are.
    """
    if found.entries:
        unprepared = found.entries[0].reason == NOT_PREPARED
        command = f"severe data {'prepare' if unprepared else 'check'} {dataset}"
        mend = f"run `{command}`, or set `allow_missing: true` for the dataset"
        raise UserError(found.said(), str(where), mend)


def _looked(
    videos: Videos, dataset: Dataset, unreadable: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, Stamp]]:
    """Why which paths cannot be read, and the stamps of what that was judged by."""
    if videos.prepared is not None and videos.folder is not None:
        seen = _stamps([videos.folder / MANIFEST])
        made = Manifest(videos.folder, videos.prepared).read()
        return {r.path: NOT_PREPARED for r in dataset.records if r.path not in made}, seen
    folders = {*_folders(dataset.records, videos.root), *link_folders(dataset.records, videos.root)}
    seen = _settled(_stamps(sorted(folders)))
    seen |= _stamps(videos.root / path for path in unreadable)
    reasons = dict(unreadable) | dict.fromkeys(missing(dataset.records, videos.root), ABSENT)
    return reasons, seen


def _folders(records: Sequence[Record], root: Path) -> Iterable[Path]:
    parents = {Path(folder) for folder in {r.path.rpartition("/")[0] for r in records}}
    inner = {folder for parent in parents for folder in (parent, *parent.parents)}
    return (root / folder for folder in sorted(inner))


def _stamps(paths: Iterable[Path]) -> dict[str, Stamp]:
    return {str(path): _stamp(path) for path in paths}


def _settled(seen: dict[str, Stamp]) -> dict[str, Stamp]:
    """The stamps of folders; one that only just changed gets one that nothing will equal."""
    latest = time.time_ns() - SETTLED_NS
    return {
        place: stamp if stamp is None or stamp[1] <= latest else UNSETTLED
        for place, stamp in seen.items()
    }


def _stamp(path: Path) -> Stamp:
    try:
        state = path.stat()
    except OSError:
        return None
    return (0 if path.is_dir() else state.st_size), state.st_mtime_ns


def _kept(file: Path) -> dict[str, Any] | None:
    try:
        kept = json.loads(file.read_text())
    except (OSError, ValueError):
        return None
    sound = isinstance(kept, dict) and kept.get("rules") == RULES
    return kept if sound else None


def _holds(seen: Mapping[str, list[int] | None]) -> bool:
    """Whether nothing that was looked at has changed."""
    found = ((_stamp(Path(place)), stamp) for place, stamp in seen.items())
    return all((None if now is None else list(now)) == then for now, then in found)


def _still_unreadable(kept: Mapping[str, Any] | None, root: Path) -> dict[str, str]:
    """Videos that were found unreadable and have not changed since."""
    if kept is None:
        return {}
    noted = {e["path"]: e["reason"] for e in kept["found"] if e["reason"] != ABSENT}
    stamps = {path: _stamp(root / path) for path in noted}
    seen = kept["seen"]
    return {
        path: reason
        for path, reason in noted.items()
        if (stamp := stamps[path]) is not None and list(stamp) == seen.get(str(root / path))
    }


def _parsed(kept: Mapping[str, Any]) -> MissingList:
    return MissingList(tuple(Missing(**entry) for entry in kept["found"]), kept["total"])
