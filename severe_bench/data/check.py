"""Are a dataset's official files and videos all there? Found against expected counts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from severe_bench.core.errors import UserError
from severe_bench.core.extras import class_ids
from severe_bench.core.frozen import Frozen
from severe_bench.core.record import SPLITS, Dataset, Record, Split
from severe_bench.data.adapter import ADAPTERS, Adapter, Location
from severe_bench.data.annotated import Length, overrun
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
class Overrun:
    """A sample that is annotated beyond the end of its video, and how."""

    sample: str
    reason: str


@dataclass(frozen=True)
class Opened:
    """What was found of videos by opening them.

    Args:
        lengths: of those that can be read, by path.
        reasons: why the others cannot, by path.
    """

    lengths: Mapping[str, Length]
    reasons: Broken


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
        overruns: samples with annotations beyond the end of their video, where these were opened.
    """

    dataset: str
    splits: Mapping[Split, SplitCheck]
    expected: Expected | None
    problem: str | None = None
    untaught: tuple[str, ...] = ()
    overruns: tuple[Overrun, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Everything expected is there and, as far as was looked, videos are there and fit."""
        sound = self.problem is None and not self.overruns
        return sound and all(
            not found.missing
            and not found.unreadable
            and (self.expected is None or found.meets(self.expected.splits[split]))
            for split, found in self.splits.items()
        )

    def to_json(self) -> dict[str, object]:
        """The object that scripts read; the rest where it applies."""
        plain: dict[str, object] = {
            "dataset": self.dataset,
            "splits": {split: _split_json(found) for split, found in self.splits.items()},
            "expected": _expected_json(self.expected),
            "ok": self.ok,
            "problem": self.problem,
        }
        overruns = [vars(found) for found in self.overruns]
        return (
            plain
            | ({"untaught": list(self.untaught)} if self.untaught else {})
            | ({"overruns": overruns} if overruns else {})
            | ({"remarks": list(self.remarks)} if self.remarks else {})
        )


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
    root = location.root
    opened = None
    if decode and root is not None:
        opened = opened_videos(_present(dataset, missing(dataset.records, root)), root)
    broken = _broken(dataset, adapter.digest(chosen, location), root, opened)
    splits = {split: _split_check(dataset, split, root, broken) for split in SPLITS}
    overruns = () if opened is None else _overruns(dataset, opened.lengths)
    remarks = adapter.known(chosen, location).remarks
    return DatasetCheck(name, splits, expected, None, _untaught(dataset), overruns, remarks)


def _broken(
    dataset: Dataset, digest: str, root: Path | None, opened: Opened | None
) -> Broken | None:
    """Videos that cannot be decoded, as found now or known from an earlier check.

    None where none was ever opened. What is missing is noted for runs with `allow_missing`.
    """
    if root is None:
        return None
    found = None if opened is None else opened.reasons
    entries = MissingLists().look(Videos(digest, root), dataset, found).entries
    known = {entry.path: entry.reason for entry in entries if entry.reason != ABSENT}
    return known if opened is not None or known else None


def _overruns(dataset: Dataset, lengths: Mapping[str, Length]) -> tuple[Overrun, ...]:
    known = ((r, lengths[r.path]) for r in dataset.records if r.path in lengths)
    found = ((record, overrun(record, length)) for record, length in known)
    return tuple(Overrun(record.sample, reason) for record, reason in found if reason)


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


def opened_videos(paths: Iterable[str], root: Path) -> Opened:
    """Lengths of videos that exist, and which cannot be decoded; by a process of its own."""
    from severe_bench.data.isolated import ReaderProcess
    from severe_bench.data.video import length_of

    lengths: dict[str, Length] = {}
    reasons: dict[str, str] = {}
    with ReaderProcess() as reader:
        for path in paths:
            try:
                lengths[path] = reader.call(length_of, root / path)
            except UserError as error:
                reasons[path] = error.what
    return Opened(lengths, reasons)


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
