"""The video files that a command is about: of a folder or of a dataset."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from severe_bench.core.errors import UserError
from severe_bench.data.adapter import ADAPTERS, Location
from severe_bench.data.check import parsed_options
from severe_bench.data.datasets.finding import files_below
from severe_bench.data.datasets.videos import stem
from severe_bench.data.prepared import listed


@dataclass(frozen=True)
class Videos:
    """Videos below a folder.

    Args:
        root: the folder.
        paths: of the videos, relative to it, each once, in list order.
    """

    root: Path
    paths: tuple[str, ...]

    @property
    def digests(self) -> dict[Path, str]:
        """SHA-256 of those that were prepared there."""
        return {self.root / made.prepared: made.prepared_sha256 for made in listed(self.root)}

    @property
    def files(self) -> list[Path]:
        """The videos' full paths."""
        return [self.root / path for path in self.paths]

    def sampled(self, count: int | None) -> Self:
        """At most `count` of them, evenly spaced over the list; all where None."""
        total = len(self.paths)
        if count is None or count >= total:
            return self
        return replace(self, paths=tuple(self.paths[n * total // count] for n in range(count)))


def of_folder(folder: Path) -> Videos:
    """Every file below the folder that is named like a video or was prepared there, by name.

    Raises:
        UserError: there is none.
    """
    prepared = {made.prepared for made in listed(folder)}
    named = {name for name in files_below(folder) if stem(name) != name}
    paths = tuple(sorted(prepared | named))
    if not paths:
        raise UserError("holds no videos", str(folder), "name a folder of videos")
    return Videos(folder, paths)


def of_dataset(adapter: str, options: Mapping[str, object], location: Location) -> Videos:
    """The videos that a dataset's official files list.

    Raises:
        UserError: unknown adapter or options, or damaged files.
    """
    known = ADAPTERS.get(adapter)
    notes = location.annotations or location.root
    dataset = known.load(parsed_options(known, options), replace(location, annotations=notes))
    return Videos(dataset.root, tuple(dict.fromkeys(record.path for record in dataset.records)))
