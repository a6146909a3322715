"""What all adapters of official annotation files share: finding, digest, problems, loading."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from severe_bench.core.digest import digest_of, file_digest
from severe_bench.core.errors import UserError
from severe_bench.core.extras import LABEL, Key
from severe_bench.core.frozen import Frozen
from severe_bench.core.record import Dataset, Record
from severe_bench.data.adapter import Adapter, Known, Location
from severe_bench.data.datasets.finding import Shelf
from severe_bench.data.datasets.relocation import resolved
from severe_bench.data.expected import Expected

O = TypeVar("O", bound=Frozen)  # noqa: E741 - options


@dataclass(frozen=True)
class Sources:
    """What a dataset's table is made from.

    Args:
        files: official files by role, e.g. `train`, `classes`.
        names: file names that are themselves the annotation (NTU), sorted.
    """

    files: Mapping[str, Path]
    names: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Table:
    """Class names in id order and records in official list order, the training split first.

    Args:
        vocabularies: further class lists by name, in id order.
    """

    classes: tuple[str, ...]
    records: tuple[Record, ...]
    vocabularies: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def official_adapter(
    name: str,
    options: type[O],
    find: Callable[[O, Shelf], Sources],
    read: Callable[[O, Sources], Table],
    expected: Callable[[O], Expected | None] = lambda _: None,
    known: Callable[[O, Location], Known] | None = None,
) -> Adapter[O]:
    """An adapter from the two things that differ between datasets.

    Args:
        name: registry name.
        options: schema of the options.
        find: which files are read; raises `UserError` where one is missing.
        read: the table in these files; raises `UserError` naming file and line for damaged ones.
        expected: counts of the complete official files.
        known: what is known without reading them; where left out, they are read for it.
    """

    def digest(chosen: O, location: Location) -> str:
        return _digest(name, chosen, find(chosen, Shelf.of(location, name)))

    def problems(chosen: O, location: Location) -> list[str]:
        found = []
        if location.root is None:
            found.append(f"no folder with the videos of {name} is given; set its root")
        try:
            find(chosen, Shelf.of(location, name))
        except UserError as error:
            found.append(str(error))
        return found

    def load(chosen: O, location: Location) -> Dataset:
        shelf = Shelf.of(location, name)
        sources = find(chosen, shelf)
        return _dataset(name, shelf, sources, read(chosen, sources))

    def counted(chosen: O, location: Location) -> Known:
        return _counted(read(chosen, find(chosen, Shelf.of(location, name))))

    how = known or counted
    return Adapter(name, options, digest, problems, load, expected=expected, known=how)


def always(classes: int | None, *further: Key[Any]) -> Callable[[Any, Location], Known]:
    """Makes `known` of a dataset whose records all have a class, and these targets beside it.

    Args:
        classes: length of the class list; None where it depends on the files.
        further: targets beyond the class.
    """
    known = Known(classes=classes, targets=frozenset({LABEL, *(key.name for key in further)}))
    return lambda _, __: known


def _counted(table: Table) -> Known:
    train = sum(record.split == "train" for record in table.records)
    targets = {key for record in table.records for key in record.extras}
    if any(record.label is not None for record in table.records):
        targets.add(LABEL)
    return Known(train, len(table.classes), frozenset(targets))


def _digest(name: str, chosen: Frozen, sources: Sources) -> str:
    files = {role: file_digest(path) for role, path in sources.files.items()}
    return digest_of(
        {"adapter": name, "options": chosen.model_dump(mode="json"), "files": files}
        | ({"names": list(sources.names)} if sources.names else {})
    )


def _dataset(name: str, shelf: Shelf, sources: Sources, table: Table) -> Dataset:
    """The table with its videos where they lie.

    Raises:
        UserError: the table is empty, or a sample stands in it twice.
    """
    if not table.records:
        raise UserError("the official files list no videos", str(shelf.folder))
    _require_distinct(table.records, shelf.folder)
    videos = shelf.folder if sources.names and shelf.root is None else shelf.root
    records = table.records if videos is None else resolved(table.records, videos)
    root = shelf.root or shelf.folder
    return Dataset(name, root, table.classes, records, vocabularies=table.vocabularies)


def _require_distinct(records: Sequence[Record], folder: Path) -> None:
    splits: dict[str, str] = {}
    for record in records:
        if splits.setdefault(record.sample, record.split) != record.split:
            what = f"{record.sample!r} is in the training and in the test list"
            raise UserError(what, str(folder), "download the official files again")
