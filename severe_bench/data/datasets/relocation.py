"""Where the videos of an official list lie under a root: all in one layout, or not at all.

A file of the right name need not be the right video: optical flow, another modality, a resized copy
and another dataset have the same names. So a list's videos are looked for in one layout only.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

from severe_bench.core.errors import UserError
from severe_bench.core.record import Record
from severe_bench.data.datasets.finding import files_below
from severe_bench.data.datasets.videos import stem

SPLIT = re.compile(r"(?<![a-z])(trainval|train(ing)?|val(id(ation)?)?|test(ing)?|eval)(?![a-z])")
"""Words for splits in names of folders: `train_256` and `val_256` are one layout."""

ALL = -1

Layout = tuple[str | int, ...]
"""The folders of a video: `ALL` for those of its listed path together, else number i for the i-th
of them, else a folder's own name."""

OFFICIAL: Layout = (ALL,)


@dataclass(frozen=True)
class _Found:
    """A video that may be the listed one."""

    path: str
    layout: Layout


def resolved(records: Sequence[Record], root: Path) -> tuple[Record, ...]:
    """The records with the paths that exist under `root`; a path without a video is kept.

    The official folders win where any video lies in them. Else all videos must lie in one other
    layout: further folders around the listed ones, or fewer than the listed ones where the name
    tells a video from all others and is no mere number. Container and case are free, and so are
    blanks and signs in names of folders.

    Raises:
        UserError: two videos would do for one record, or the videos lie in several layouts.
    """
    listed = list(dict.fromkeys(record.path for record in records))
    found = _candidates(listed, root)
    layout = _layout(found, root)
    paths = {path: _chosen(path, found.get(path, []), layout, root) for path in listed}
    return tuple(
        record if paths[record.path] == record.path else replace(record, path=paths[record.path])
        for record in records
    )


def _candidates(listed: Sequence[str], root: Path) -> dict[str, list[_Found]]:
    """By listed path, the videos of its name in layouts that may be meant, in list order."""
    common = _common_names(listed)
    files: dict[str, list[str]] = defaultdict(list)
    for file in files_below(root):
        if stem(file) != file:
            files[_name(file)].append(file)
    found: dict[str, list[_Found]] = {}
    for path in listed:
        name, folder = _name(path), path.rpartition("/")[0]
        there = [
            _Found(file, _layout_of(file.rpartition("/")[0], folder))
            for file in sorted(files.get(name, ()))
        ]
        found[path] = [one for one in there if ALL in one.layout or name not in common]
    return found


def _layout(found: Mapping[str, Sequence[_Found]], root: Path) -> Layout:
    """The one layout of all videos: the official one where any video lies in it."""
    examples: dict[Layout, str] = {}
    for several in found.values():
        for one in several:
            examples.setdefault(one.layout, one.path)
    if OFFICIAL in examples or not examples:
        return OFFICIAL
    if len(examples) > 1:
        twice = next(([one.path for one in s] for s in found.values() if len(s) > 1), None)
        names = ", ".join(sorted(twice or examples.values())[:3])
        what = "several videos for one of the list" if twice else "videos lie in several layouts"
        raise UserError(f"{what}: {names}", str(root), "point the root to the folder of one")
    return next(iter(examples))


def _chosen(path: str, found: Iterable[_Found], layout: Layout, root: Path) -> str:
    """The video in the layout, else the listed path as it is: its video is missing."""
    places = [one.path for one in found if one.layout == layout]
    if path in places or not places:
        return path
    if len(places) > 1:
        names = ", ".join(places[:3])
        raise UserError(f"several videos for {path!r}: {names}", str(root), "remove all but one")
    return places[0]


@lru_cache(maxsize=4096)
def _layout_of(folder: str, listed: str) -> Layout:
    """How the folder of a file comes from that of the listed path.

    Example:
        >>> _layout_of("data/train/Jump", "jump")
        ('data', '*', -1)
        >>> _layout_of("P01", "P01/videos")
        (0,)
    """
    folders = [_plain(part) for part in folder.split("/") if part]
    wanted = [_plain(part) for part in listed.split("/") if part]
    for first in range(len(folders) - len(wanted), -1, -1):
        last = first + len(wanted)
        if folders[first:last] == wanted:
            return (*map(_free, folders[:first]), ALL, *map(_free, folders[last:]))
    return tuple(wanted.index(name) if name in wanted else _free(name) for name in folders)


def _free(folder: str) -> str:
    return SPLIT.sub("*", folder)


def _plain(folder: str) -> str:
    """A folder's name without case, blanks and signs."""
    return re.sub(r"[\W_]+", " ", folder.casefold()).strip() or folder


def _name(path: str) -> str:
    return stem(path).rpartition("/")[2].casefold()


def _common_names(listed: Iterable[str]) -> set[str]:
    """Names that several paths have, or that are a mere number within a folder."""
    names = [(_name(path), "/" in path) for path in listed]
    counts = Counter(name for name, _ in names)
    numbers = {name for name, inside in names if inside and name.isdigit()}
    return numbers | {name for name, count in counts.items() if count > 1}
