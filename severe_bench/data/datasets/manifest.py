"""Any dataset, described by files of the user's own. `docs/own-data.md` has examples.

`annotations.csv` (UTF-8, comma, header line), one line per sample:

path, label, split   required; path relative to the root, label may be empty, split train or test
sample               unique name; else the path, with the range where the sample is trimmed
start, end           trimmed range in seconds
group                what is resampled together in intervals, e.g. the subject; else the video
labels               several classes: `name;name`; left out, those of the spans
spans                actions with their times in seconds: `name@start-end;name@start-end`
duration             of the whole video in seconds
verb, noun           two further classes, with vocabularies of their own
starts, stop         repetitions: first frame of each one, `0;12;25`, and last frame of the last,
                     counted from 0; `count` may stand beside them, or alone in rows without both
key_time             time of the annotated frame in seconds

Every further column becomes an extra of the record. Classes are given by name or by 0-based id.
`classes.txt`, `verbs.txt`, `nouns.txt` beside it (one name per line) fix the order of the ids;
without them names are sorted.

`boxes.jsonl` beside it, one JSON object per line, corners x1, y1, x2, y2 in fractions of the frame:

    {"sample": "a.mp4", "boxes": [{"box": [0.1, 0.2, 0.5, 0.9], "labels": ["stand"]}]}

sample               of the manifest
boxes                persons at the key time: `box`, `labels`, optionally `person`
proposals            boxes of a detector at the key time: `box`, `score` from 0 to 1
tubes                actors through the video: `label`, `frames` (from 0, rising), `boxes`
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from severe_bench.core.digest import digest_of, file_digest
from severe_bench.core.errors import UserError
from severe_bench.core.extras import DURATION, LABEL
from severe_bench.core.frozen import Frozen
from severe_bench.core.record import Dataset, Record
from severe_bench.data.adapter import Adapter, Known, Location
from severe_bench.data.datasets.doubts import doubts, refuse_shared
from severe_bench.data.datasets.labels import names_in, vocabulary
from severe_bench.data.datasets.rows import KNOWN, Row, extras_of, read_rows
from severe_bench.data.datasets.sidecar import COLUMNS, Boxed, read_sidecar
from severe_bench.data.datasets.targets import Words, label_names, target_columns, targets_of


class ManifestOptions(Frozen):
    """Which files, relative to the annotations folder (the root where none is given).

    All but the manifest may be absent under their default names; one that is named must exist.

    Args:
        file: the manifest.
        classes: class names in id order, one per line.
        name: of the dataset in tables.
        verbs, nouns: their names in id order, one per line.
        boxes: boxes, proposals and tubes of the samples, as JSON lines.
    """

    file: str = "annotations.csv"
    classes: str = "classes.txt"
    name: str = "manifest"
    verbs: str = "verbs.txt"
    nouns: str = "nouns.txt"
    boxes: str = "boxes.jsonl"


DEFAULTS = ManifestOptions()
NO_ROOT = "no root folder is given; set the dataset's `root` in benchmarks.yaml"


@dataclass(frozen=True)
class _Tables:
    """What the files say, before classes are looked up."""

    rows: Sequence[Row]
    boxes: Mapping[str, Boxed]
    words: Words


def load_manifest(options: ManifestOptions, location: Location) -> Dataset:
    """The manifest's records, in file order.

    Raises:
        UserError: with file and line, what is wrong in it.
    """
    _require(_lacks(options, location))
    root, folder = _folders(location)
    tables = _read(options, folder)
    columns = target_columns(tables.rows[0].cells)
    further = extras_of(tables.rows, columns)
    records = [
        _record(row, extras, tables) for row, extras in zip(tables.rows, further, strict=True)
    ]
    words = {"verb": tables.words.verbs.names, "noun": tables.words.nouns.names}
    return Dataset(
        options.name,
        root,
        tables.words.classes.names,
        tuple(records),
        vocabularies={kind: names for kind, names in words.items() if kind in columns},
    )


def _read(options: ManifestOptions, folder: Path) -> _Tables:
    rows = read_rows(folder / options.file)
    _refuse_box_columns(rows[0], options)
    _check_samples(rows)
    refuse_shared(rows)
    boxes = read_sidecar(folder / options.boxes)
    _check_boxed(boxes, rows)
    _refuse_parts_with_tubes(boxes, rows)
    texts = [name for row in rows for name in label_names(row)]
    texts += [name for boxed in boxes.values() for name in boxed.label_names()]
    words = Words(
        classes=vocabulary("label", texts, names_in(folder / options.classes, "class")),
        verbs=vocabulary("verb", _cells(rows, "verb"), names_in(folder / options.verbs, "verb")),
        nouns=vocabulary("noun", _cells(rows, "noun"), names_in(folder / options.nouns, "noun")),
    )
    return _Tables(rows, boxes, words)


def _record(row: Row, further: Mapping[str, object], tables: _Tables) -> Record:
    label, boxed = row.cells["label"], tables.boxes.get(row.sample)
    classes = tables.words.classes
    return Record(
        sample=row.sample,
        path=row.path,
        label=classes.id_of(label, row.where) if label else None,
        split=row.split,
        start=row.start,
        end=row.end,
        group=row.cells.get("group") or None,
        extras={
            **further,
            **targets_of(row, tables.words),
            **({} if boxed is None else boxed.extras(classes)),
        },
    )


def digest(options: ManifestOptions, location: Location) -> str:
    """SHA-256 over the manifest, the class list and, where they are there, the further files."""
    _require(_lacks(options, location))
    _, folder = _folders(location)
    paths = (folder / options.file, folder / options.classes)
    both = [file_digest(path) if path.is_file() else "" for path in paths]
    further = {key: folder / getattr(options, key) for key in ("verbs", "nouns", "boxes")}
    there = {key: file_digest(path) for key, path in further.items() if path.is_file()}
    return digest_of([*both, there] if there else both)


def problems(options: ManifestOptions, location: Location) -> list[str]:
    """What is missing, each with what to do about it."""
    if location.root is None:
        return [NO_ROOT]
    return _lacks(options, location)


def _lacks(options: ManifestOptions, location: Location) -> list[str]:
    """As `problems`; but the files can be read without the videos' folder."""
    if location.root is None and location.annotations is None:
        return [NO_ROOT]
    root, folder = _folders(location)
    missing = [
        f"{path}: no such folder; mend the dataset's `{key}` in benchmarks.yaml"
        for path, key in {folder: "annotations", root: "root"}.items()
        if not path.is_dir()
    ]
    if missing:
        return missing
    if not (folder / options.file).is_file():
        columns = ",".join(KNOWN[:3])
        return [f"{folder / options.file}: no such file; write one with the columns {columns}"]
    named = ("classes", "verbs", "nouns", "boxes")
    return [
        f"{folder / getattr(options, key)}: no such file; mend the option `{key}` of the dataset"
        for key in named
        if getattr(options, key) != getattr(DEFAULTS, key)
        and not (folder / getattr(options, key)).is_file()
    ]


def known(options: ManifestOptions, location: Location) -> Known:
    """All that the files say: 200 000 rows take about a second.

    Raises:
        UserError: as `load_manifest`.
    """
    dataset = load_manifest(options, location)
    targets = {name for record in dataset.records for name in _targets_of(record)}
    _, folder = _folders(location)
    remarks = doubts(dataset, named=(folder / options.classes).is_file())
    return Known(len(dataset.of("train")), len(dataset.classes), frozenset(targets), remarks)


def _targets_of(record: Record) -> Iterator[str]:
    yield from record.extras
    if record.label is not None:
        yield LABEL
    if record.end is not None:
        yield DURATION.name


def _require(found: Iterable[str]) -> None:
    for problem in found:
        raise UserError(problem)


def _folders(location: Location) -> tuple[Path, Path]:
    """Root and annotations, each the other where it is not given; `_lacks` wants one of them."""
    root = location.root or location.annotations or Path()
    return root, location.annotations or root


def _check_samples(rows: Iterable[Row]) -> None:
    lines: dict[str, str] = {}
    for row in rows:
        if row.sample in lines:
            first = lines[row.sample].rpartition(":")[2]
            mend = "remove one, or tell them apart by a `sample` column"
            raise UserError(f"sample {row.sample!r} is also in line {first}", row.where, mend)
        lines[row.sample] = row.where


def _refuse_box_columns(row: Row, options: ManifestOptions) -> None:
    for column in sorted(COLUMNS & set(row.cells)):
        where = f"{row.where.rpartition(':')[0]}:1"
        mend = f"write them into {options.boxes}, one line per sample"
        raise UserError(f"column {column!r}: boxes do not stand in the table", where, mend)


def _check_boxed(boxes: Mapping[str, Boxed], rows: Iterable[Row]) -> None:
    samples = {row.sample for row in rows} if boxes else set()
    for boxed in boxes.values():
        if boxed.sample not in samples:
            what = f"sample {boxed.sample!r} is not in the manifest"
            raise UserError(what, boxed.where, "use its `sample`, or its path where it has none")


def _refuse_parts_with_tubes(boxes: Mapping[str, Boxed], rows: Iterable[Row]) -> None:
    for row in rows:
        boxed = boxes.get(row.sample)
        trimmed = row.start is not None or row.end is not None
        if boxed is not None and boxed.line.tubes and trimmed:
            what = f"sample {row.sample!r} has tubes, and a range of the video"
            raise UserError(what, row.where, "list the whole video: leave start and end empty")


def _cells(rows: Iterable[Row], column: str) -> Iterable[str]:
    return (row.cells.get(column, "") for row in rows)


MANIFEST = Adapter(
    name="manifest",
    options=ManifestOptions,
    digest=digest,
    problems=problems,
    load=load_manifest,
    known=known,
)
