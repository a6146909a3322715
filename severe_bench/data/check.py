"""Are a dataset's official files and videos all there? Found against expected counts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from severe_bench.core.errors import UserError
from severe_bench.core.extras import class_ids
from severe_bench.core.frozen import Frozen
from severe_bench.core.record import SPLITS, Dataset, Record, Split
from severe_bench.data.adapter import ADAPTERS, Adapter, Location
from severe_bench.data.datasets.videos import missing
from severe_bench.data.expected import Counts, Expected
from severe_bench.data.missing import ABSENT, MissingLists, Videos

Broken = Mapping[str, str]
"""Why videos cannot be decoded, by path."""


@dataclass(frozen=True)
class Unreadable:
    """A video that cannot be decoded, and why."""

    path: str
    reason: str


@dataclass(frozen=True)
class SplitCheck:
    """What was found of one split.

    Args:
        records: labelled samples in the official files.
        classes: class ids that occur among them.
        missing: videos that do not exist, in list order; empty where no root was given.
        unreadable: videos that cannot be decoded; None where none was ever opened.
    """

    records: int
    classes: int
    missing: tuple[str, ...] = ()
    unreadable: tuple[Unreadable, ...] | None = None

    def meets(self, counts: Counts) -> bool:
        """Whether the counts are those expected; a count that is not known fits."""
        pairs = ((self.records, counts.records), (self.classes, counts.classes))
        return all(wanted in (None, found) for found, wanted in pairs)


@dataclass(frozen=True)
class DatasetCheck:
    """What `severe data check` says.

    Args:
        dataset: name of the adapter.
        splits: what was found; empty where the files cannot be read.
        expected: counts of the complete official files, or None where no source states them.
        problem: why the files cannot be read, naming file and line; or None.
        untaught: names of classes that have test records and no training record: allowed, for some
            official splits have them, but in a manifest of one's own mostly a slip.
    """

    dataset: str
    splits: Mapping[Split, SplitCheck]
    expected: Expected | None
    problem: str | None = None
    untaught: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Everything expected is there and, as far as was looked, so are all videos."""
        return self.problem is None and all(
            not found.missing
            and not found.unreadable
            and (self.expected is None or found.meets(self.expected.splits[split]))
            for split, found in self.splits.items()
        )

    def to_json(self) -> dict[str, object]:
        """The object that scripts read; `unreadable` and `untaught` where they apply."""
        plain: dict[str, object] = {
            "dataset": self.dataset,
            "splits": {split: _split_json(found) for split, found in self.splits.items()},
            "expected": _expected_json(self.expected),
            "ok": self.ok,
            "problem": self.problem,
        }
        return plain | ({"untaught": list(self.untaught)} if self.untaught else {})


def check_dataset(
    name: str, options: Mapping[str, object], location: Location, *, decode: bool = False
) -> DatasetCheck:
    """Read a dataset's official files and look for its videos.

    Args:
        name: of the adapter.
        options: of the adapter, as in the yaml.
        location: where the files lie; without a root the annotations alone are checked.
        decode: also open every video that is there.

    Raises:
        UserError: unknown name or options, or a folder that does not exist.
    """
    adapter = ADAPTERS.get(name)
    chosen = parsed_options(adapter, options)
    for folder in filter(None, (location.annotations, location.root)):
        if not folder.is_dir():
            raise UserError("is not a folder", str(folder), "mend the path")
    expected = adapter.expected(chosen)
    try:
        dataset = adapter.load(chosen, location)
    except UserError as error:
        return DatasetCheck(name, {}, expected, str(error))
    broken = _broken(dataset, adapter.digest(chosen, location), location.root, decode)
    splits = {split: _split_check(dataset, split, location.root, broken) for split in SPLITS}
    return DatasetCheck(name, splits, expected, untaught=_untaught(dataset))


def _broken(dataset: Dataset, digest: str, root: Path | None, decode: bool) -> Broken | None:
    """Videos that cannot be decoded, as found now or known from an earlier check.

    None where none was ever opened. What is missing is noted for runs with `allow_missing`.
    """
    if root is None:
        return None
    found = None
    if decode:
        gone = missing(dataset.records, root)
        found = {video.path: video.reason for video in unreadable(_present(dataset, gone), root)}
    entries = MissingLists().look(Videos(digest, root), dataset, found).entries
    known = {entry.path: entry.reason for entry in entries if entry.reason != ABSENT}
    return known if decode or known else None


def parsed_options(adapter: Adapter[Frozen], options: Mapping[str, object]) -> Frozen:
    """The adapter's options from plain values.

    Raises:
        UserError: an unknown option or a value that it cannot have.
    """
    from pydantic import ValidationError

    try:
        return adapter.options.model_validate(options)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        known = ", ".join(adapter.options.model_fields) or "none"
        what = f"option {key!r}: {first['msg'].lower()}"
        raise UserError(what, f"dataset {adapter.name}", f"its options: {known}") from error


def unreadable(paths: Iterable[str], root: Path) -> tuple[Unreadable, ...]:
    """The videos that cannot be decoded, of those that exist; looked at in a process of its own."""
    from severe_bench.data.isolated import ReaderProcess
    from severe_bench.data.video import frame_count

    found = []
    with ReaderProcess() as reader:
        for path in paths:
            try:
                reader.call(frame_count, root / path)
            except UserError as error:
                found.append(Unreadable(path, error.what))
    return tuple(found)


def _split_check(
    dataset: Dataset, split: Split, root: Path | None, broken: Broken | None
) -> SplitCheck:
    records = dataset.listed(split)
    classes = len(_classes_of(records))
    if root is None:
        return SplitCheck(len(records), classes)
    gone = missing(records, root)
    if broken is None:
        return SplitCheck(len(records), classes, gone)
    paths = dict.fromkeys(record.path for record in records if record.path in broken)
    found = tuple(Unreadable(path, broken[path]) for path in paths)
    return SplitCheck(len(records), classes, gone, found)


def _untaught(dataset: Dataset) -> tuple[str, ...]:
    alone = _classes_of(dataset.listed("test")) - _classes_of(dataset.listed("train"))
    return tuple(dataset.classes[label] for label in sorted(alone))


def _classes_of(records: Iterable[Record]) -> frozenset[int]:
    return frozenset[int]().union(*map(class_ids, records))


def _present(dataset: Dataset, gone: Sequence[str]) -> Iterable[str]:
    lost = frozenset(gone)
    return (path for path in dict.fromkeys(r.path for r in dataset.records) if path not in lost)


def _split_json(found: SplitCheck) -> dict[str, object]:
    plain: dict[str, object] = {
        "records": found.records,
        "classes": found.classes,
        "missing": list(found.missing),
    }
    if found.unreadable is not None:
        plain["unreadable"] = [vars(video) for video in found.unreadable]
    return plain


def _expected_json(expected: Expected | None) -> dict[str, object] | None:
    if expected is None:
        return None
    counts: dict[str, object] = {
        split: {"records": c.records, "classes": c.classes} for split, c in expected.splits.items()
    }
    return {**counts, "source": expected.source}
