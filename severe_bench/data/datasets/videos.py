"""Where the videos of a list lie under a root, whatever their container and folders."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from severe_bench.core.errors import UserError
from severe_bench.core.record import Record
from severe_bench.data.datasets.finding import files_below

SUFFIXES = frozenset(
    ("avi", "mp4", "webm", "mkv", "mov", "m4v", "mpg", "mpeg", "wmv", "flv", "3gp", "ts")
)

ASKED_ONE_BY_ONE = 4
"""Videos of one folder up to which it is not listed."""

MOST_LINKS = 40
"""One after another that Linux follows; of links in a circle there is no end."""


def resolved(records: Sequence[Record], root: Path) -> tuple[Record, ...]:
    """The records with the paths that exist under `root`; a path without a video is kept.

    The official path itself wins; else the same path with another container or case; else the same
    folder and stem anywhere below the root; else the same stem, when it tells records apart.

    Raises:
        UserError: two videos would do.
    """
    index = VideoIndex(root)
    common = _common_stems(record.path for record in records)
    paths: dict[str, str] = {}
    for path in dict.fromkeys(record.path for record in records):
        found = index.find(path, by_stem=_keys(path)[-1] not in common)
        paths[path] = path if found is None else found
    return tuple(
        record if paths[record.path] == record.path else replace(record, path=paths[record.path])
        for record in records
    )


class VideoIndex:
    """The videos below a folder, found without opening one."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._exact: set[str] = set()
        self._places: dict[str, list[str]] = {}
        for name in files_below(root):
            if stem(name) != name:
                self._add(name)

    def _add(self, path: str) -> None:
        self._exact.add(path)
        for key in dict.fromkeys(_keys(path)):
            self._places.setdefault(key, []).append(path)

    def find(self, path: str, *, by_stem: bool = True) -> str | None:
        """The video that a list calls `path`, relative to the root, or None.

        Raises:
            UserError: two videos would do.
        """
        if path in self._exact:
            return path
        keys = _keys(path)
        for key in keys if by_stem else keys[:-1]:
            places = self._places.get(key, [])
            if len(places) > 1:
                names = ", ".join(sorted(places)[:3])
                mend = "point the root to the folder of one of them"
                raise UserError(f"several videos for {path!r}: {names}", str(self.root), mend)
            if places:
                return places[0]
        return None


def missing(records: Iterable[Record], root: Path) -> tuple[str, ...]:
    """Paths of the videos that do not exist under `root`, each once, in list order.

    Each folder is listed once: a network disk answers that much sooner than a question per file.
    """
    paths = dict.fromkeys(record.path for record in records)
    by_folder = _by_folder(paths)
    there = {
        path for folder, inside in by_folder.items() for path in _existing(root, folder, inside)
    }
    return tuple(path for path in paths if path not in there)


def link_folders(records: Iterable[Record], root: Path) -> set[Path]:
    """Folders in which the targets of videos that are links lie, or would lie; link after link."""
    by_folder = _by_folder(dict.fromkeys(record.path for record in records))
    links = (link for folder, inside in by_folder.items() for link in _links(root, folder, inside))
    return {Path(place) for link in links for place in _on_the_way(link)}


def _by_folder(paths: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path in paths:
        found.setdefault(path.rpartition("/")[0], []).append(path)
    return found


def _links(root: Path, folder: str, paths: Sequence[str]) -> Iterator[str]:
    if len(paths) <= ASKED_ONE_BY_ONE:
        yield from (str(root / path) for path in paths if (root / path).is_symlink())
        return
    names = {path.rpartition("/")[2] for path in paths}
    try:
        with os.scandir(root / folder) as entries:
            yield from (e.path for e in entries if e.is_symlink() and e.name in names)
    except (FileNotFoundError, NotADirectoryError):
        return


def _on_the_way(link: str) -> Iterator[str]:
    """The folder of each target, as far as links lead."""
    for _ in range(MOST_LINKS):
        if not os.path.islink(link):  # noqa: PTH114 - faster
            return
        folder = os.path.dirname(link)  # noqa: PTH120
        link = os.path.join(folder, os.readlink(link))  # noqa: PTH115, PTH118
        yield os.path.dirname(link)  # noqa: PTH120


def _existing(root: Path, folder: str, paths: Sequence[str]) -> Iterator[str]:
    if len(paths) <= ASKED_ONE_BY_ONE:
        yield from (path for path in paths if os.path.isfile(root / path))  # noqa: PTH113 - faster
        return
    try:
        with os.scandir(root / folder) as entries:
            names = {entry.name for entry in entries if entry.is_file()}
    except (FileNotFoundError, NotADirectoryError):
        return
    yield from (path for path in paths if path.rpartition("/")[2] in names)


def stem(path: str) -> str:
    """A path without the suffix of a video.

    Example:
        >>> stem("a/b.c.avi"), stem("a/b.c")
        ('a/b.c', 'a/b.c')
    """
    bare, _, suffix = path.rpartition(".")
    return bare if suffix.casefold() in SUFFIXES else path


def _keys(path: str) -> list[str]:
    """What a video may be found by, the strictest first: whole path, folder and stem, stem."""
    whole = stem(path).casefold()
    *_, name = parts = whole.rsplit("/", 2)
    return [whole, "/".join(parts[-2:]), name]


def _common_stems(paths: Iterable[str]) -> set[str]:
    """Stems that several paths have, or that are a mere number within a folder."""
    keys = [_keys(path) for path in dict.fromkeys(paths)]
    counts = Counter(name for *_, name in keys)
    numbers = {name for whole, _, name in keys if "/" in whole and name.isdigit()}
    return numbers | {name for name, count in counts.items() if count > 1}
