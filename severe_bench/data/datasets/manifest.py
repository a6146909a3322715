"""Any dataset, described by one CSV file of the user's own.

Required columns `path,label,split`; optional `sample,start,end,group`; every further column
becomes an extra of the record. A `classes.txt` beside it (one name per line) fixes the order of
the classes.
"""

from collections.abc import Iterable
from pathlib import Path

from severe_bench.core.digest import digest_of, file_digest
from severe_bench.core.errors import UserError
from severe_bench.core.frozen import Frozen
from severe_bench.core.record import Dataset, Record
from severe_bench.data.adapter import Adapter, Location
from severe_bench.data.datasets.labels import class_ids
from severe_bench.data.datasets.rows import KNOWN, Row, extras_of, read_rows


class ManifestOptions(Frozen):
    """Which files, relative to the annotations folder (the root where none is given).

    Args:
        file: the manifest.
        classes: class names in id order, one per line; need not exist.
        name: of the dataset in tables.
    """

    file: str = "annotations.csv"
    classes: str = "classes.txt"
    name: str = "manifest"


def load_manifest(options: ManifestOptions, location: Location) -> Dataset:
    """The manifest's records, in file order.

    Raises:
        UserError: with file and line, what is wrong in it.
    """
    _require(problems(options, location))
    root, folder = _folders(location)
    rows = read_rows(folder / options.file)
    classes, labels = class_ids(rows, class_names(folder / options.classes))
    extras = extras_of(rows)
    records = [
        Record(
            sample=row.sample,
            path=row.path,
            label=label,
            split=row.split,
            start=row.start,
            end=row.end,
            group=row.cells.get("group") or None,
            extras=extra,
        )
        for row, label, extra in zip(rows, labels, extras, strict=True)
    ]
    _check_samples(rows)
    return Dataset(options.name, root, classes, tuple(records))


def digest(options: ManifestOptions, location: Location) -> str:
    """SHA-256 over the manifest and the class list."""
    _require(problems(options, location))
    _, folder = _folders(location)
    paths = (folder / options.file, folder / options.classes)
    return digest_of([file_digest(path) if path.is_file() else "" for path in paths])


def problems(options: ManifestOptions, location: Location) -> list[str]:
    """What is missing, each with what to do about it."""
    if location.root is None:
        return ["no root folder is given; set the dataset's `root` in benchmarks.yaml"]
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
    return []


def train_size(options: ManifestOptions, location: Location) -> int:
    """Number of training records: 200 000 rows take about a second.

    Raises:
        UserError: as `load_manifest`.
    """
    return len(load_manifest(options, location).of("train"))


def class_names(path: Path) -> tuple[str, ...] | None:
    """Names in id order from a file of one name per line, or None where there is no such file.

    Raises:
        UserError: a name occurs twice.
    """
    if not path.is_file():
        return None
    names = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    names = [name for name in names if name]
    for line, name in enumerate(names, start=1):
        if name in names[: line - 1]:
            raise UserError(f"class {name!r} occurs twice", f"{path}:{line}", "remove one")
    return tuple(names)


def _require(found: Iterable[str]) -> None:
    for problem in found:
        raise UserError(problem)


def _folders(location: Location) -> tuple[Path, Path]:
    """Root and annotations; `problems` has seen to it that there is a root."""
    root = location.root or Path()
    return root, location.annotations or root


def _check_samples(rows: Iterable[Row]) -> None:
    lines: dict[str, str] = {}
    for row in rows:
        if row.sample in lines:
            first = lines[row.sample].rpartition(":")[2]
            mend = "remove one, or tell them apart by a `sample` column"
            raise UserError(f"sample {row.sample!r} is also in line {first}", row.where, mend)
        lines[row.sample] = row.where


MANIFEST = Adapter(
    name="manifest",
    options=ManifestOptions,
    digest=digest,
    problems=problems,
    load=load_manifest,
    train_size=train_size,
)
