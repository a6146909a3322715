"""Official annotation files, searched below a folder by their official names."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Self

from severe_bench.core.errors import UserError
from severe_bench.data.adapter import Location

JUNK = ("__macosx", ".")  # left behind by archive programs, or hidden


@dataclass(frozen=True)
class Shelf:
    """The files below a dataset's annotations folder.

    Args:
        folder: of the official files.
        root: folder of the videos, or None.
        files: all files below `folder`, relative to it, shallow ones first, then by name.
        hint: the dataset's name; decides between equally deep files of the same name.
    """

    folder: Path
    root: Path | None
    files: tuple[str, ...]
    hint: str

    @classmethod
    def of(cls, location: Location, hint: str) -> Self:
        """The shelf at a location.

        Raises:
            UserError: no folder is given, or it does not exist.
        """
        folder = location.annotations or location.root
        if folder is None:
            raise UserError(
                f"no folder with the annotations of {hint} is given",
                mend="set `annotations` in benchmarks.yaml, or pass --annotations",
            )
        for path in filter(None, (folder, location.root)):
            if not path.is_dir():
                raise UserError("is not a folder", str(path), "mend the path")
        files = sorted(files_below(folder), key=lambda name: (name.count("/"), name))
        return cls(folder, location.root, tuple(files), hint)

    def one(self, *patterns: str) -> Path:
        """The file that matches the earliest of these glob patterns, whatever its case.

        Raises:
            UserError: none does, or several different ones do.
        """
        found = self.maybe(*patterns)
        if found is None:
            names = " or ".join(patterns)
            mend = "put the official file there, or point to the folder that has it"
            raise UserError(f"no {names} in or below it", str(self.folder), mend)
        return found

    def maybe(self, *patterns: str) -> Path | None:
        """As `one`, or None where no file matches."""
        for pattern in patterns:
            if matches := self.all(pattern):
                return self._single(matches)
        return None

    def all(self, pattern: str) -> list[Path]:
        """Every file that matches a glob pattern, whatever its case."""
        wanted = pattern.casefold()
        return [
            self.folder / name
            for name in self.files
            if fnmatchcase(name.rpartition("/")[2].casefold(), wanted)
        ]

    def _single(self, matches: list[Path]) -> Path:
        depth = len(matches[0].parts)
        nearest = [path for path in matches if len(path.parts) == depth]
        hinted = [path for path in nearest if _plain(self.hint) in _plain(str(path.parent))]
        nearest = hinted or nearest
        if len(nearest) > 1 and not _same_bytes(nearest):
            names = ", ".join(str(path.relative_to(self.folder)) for path in nearest[:3])
            mend = "point to the folder that holds the right one"
            raise UserError(f"several different files match: {names}", str(self.folder), mend)
        return nearest[0]


def files_below(folder: Path) -> Iterator[str]:
    """All files in and below a folder, through links, without hidden and junk ones.

    Texts relative to the folder, with slashes: datasets have hundreds of thousands of files.
    """
    seen: set[tuple[int, int]] = set()
    for place, folders, names in os.walk(folder, followlinks=True):
        status = Path(place).stat()
        if (status.st_dev, status.st_ino) in seen:  # a link back up would never end
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        folders[:] = [name for name in folders if not name.casefold().startswith(JUNK)]
        inner = Path(place).relative_to(folder).as_posix()
        prefix = "" if inner == "." else f"{inner}/"
        yield from (prefix + name for name in names if not name.startswith("."))


def _plain(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def _same_bytes(paths: Iterable[Path]) -> bool:
    return len({path.read_bytes() for path in paths}) == 1
