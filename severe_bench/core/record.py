"""One labelled sample of a dataset, and the dataset as a table of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Split = Literal["train", "test"]
SPLITS: tuple[Split, ...] = ("train", "test")


@dataclass(frozen=True, slots=True)
class Record:
    """One sample as the official annotation files state it; no video was opened to make it.

    Args:
        sample: unique within the dataset; stable across machines.
        path: of the video, relative to the dataset's root.
        label: class id in [0, classes), or None where the task has no single class.
        split: train or test.
        start, end: the trimmed range in seconds of a longer video, or None.
        group: what is resampled together (UCF101 group, FineGym video); None: what one video holds.
        extras: further targets by name, e.g. `count`, `boxes`, `labels`.
    """

    sample: str
    path: str
    label: int | None
    split: Split
    start: float | None = None
    end: float | None = None
    group: str | None = None
    extras: Mapping[str, object] = field(default_factory=dict)

    @property
    def together(self) -> str:
        """Name of what is never torn apart: its group, else its video."""
        return self.group or self.path


@dataclass(frozen=True)
class Dataset:
    """A dataset ready to be read: class names in id order, records in official list order.

    Args:
        vocabularies: further class lists by name, in id order, e.g. `verb` and `noun`.
        missing: samples whose video is known to be missing or unreadable here. Budgets are drawn
            from all listed records, as if every video were there; nobody reads these.
    """

    name: str
    root: Path
    classes: tuple[str, ...]
    records: tuple[Record, ...]
    modality: str = "rgb"
    vocabularies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    missing: frozenset[str] = frozenset()

    def listed(self, split: Split) -> tuple[Record, ...]:
        """All records of one split, in official list order: what a budget is drawn from."""
        return tuple(record for record in self.records if record.split == split)

    def of(self, split: Split) -> tuple[Record, ...]:
        """The records of one split that can be read, in official list order."""
        return self.available(self.listed(split))

    def available(self, records: Iterable[Record]) -> tuple[Record, ...]:
        """Those of `records` whose video is not known to be missing."""
        return tuple(record for record in records if record.sample not in self.missing)
