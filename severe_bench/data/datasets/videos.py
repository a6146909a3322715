"""Videos of records under a root: which are missing, which are links, what is named like one."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from severe_bench.core.record import Record

SUFFIXES = frozenset(
    ("avi", "mp4", "webm", "mkv", "mov", "m4v", "mpg", "mpeg", "wmv", "flv", "3gp", "ts")
)

ASKED_ONE_BY_ONE = 4
"""Videos of one folder up to which it is not listed."""

MOST_LINKS = 40
"""One after another that Linux follows; of links in a circle there is no end."""


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
