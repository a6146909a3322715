"""UCF101: 101 actions in three official folds.

Files: `classInd.txt` (`1 ApplyEyeMakeup`), `trainlist0F.txt` (`Folder/v_X_gNN_cNN.avi 1`) and
`testlist0F.txt` (no class id). The label is that of the folder, as in the test lists.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from severe_bench.core.errors import UserError
from severe_bench.core.frozen import Frozen
from severe_bench.core.record import SPLITS, Record, Split
from severe_bench.data.datasets.finding import Shelf
from severe_bench.data.datasets.official import Sources, Table, always, official_adapter
from severe_bench.data.datasets.reading import MEND, Line, Once, read_lines, whole_number
from severe_bench.data.expected import Counts, Expected

NAME = re.compile(r"(?P<folder>[^/]+)/(?P<group>v_[^/]+_g\d+)_c\d+\.\w+")
COUNTS = {1: (9537, 3783), 2: (9586, 3734), 3: (9624, 3696)}


class Ucf101Options(Frozen):
    """Which of the three official folds; SEVERE uses the first."""

    fold: Literal[1, 2, 3] = 1


def find(options: Ucf101Options, shelf: Shelf) -> Sources:
    """The three files of a fold."""
    return Sources(
        {
            "classes": shelf.one("classInd.txt"),
            "train": shelf.one(f"trainlist{options.fold:02d}.txt"),
            "test": shelf.one(f"testlist{options.fold:02d}.txt"),
        }
    )


def read(_: Ucf101Options, sources: Sources) -> Table:
    """The records of a fold; the group is the official one of clips cut from one video."""
    classes = read_class_index(sources.files["classes"])
    ids = {name.casefold(): label for label, name in enumerate(classes)}
    once = Once("video")
    records = [
        _record(line, split, ids, once)
        for split in SPLITS
        for line in read_lines(sources.files[split])
    ]
    return Table(classes, tuple(records))


def read_class_index(path: Path) -> tuple[str, ...]:
    """Class names in id order from lines `1 Name`.

    Raises:
        UserError: ids that do not run from 1 without a gap, or a name given twice.
    """
    once = Once("class")
    names = []
    for expected_id, line in enumerate(read_lines(path), start=1):
        number, _, name = line.text.partition(" ")
        if whole_number(number, "class id", line.where) != expected_id or not name.strip():
            raise UserError(f"{line.text!r} is not '{expected_id} <name>'", line.where, MEND)
        once.add(name.strip().casefold(), line.where)
        names.append(name.strip())
    return tuple(names)


def label_of_folder(folder: str, ids: Mapping[str, int], where: str) -> int:
    """The class id of a class folder, whatever its case (`HandStandPushups`).

    Args:
        folder: name of the folder.
        ids: class ids by casefolded name.
        where: place of the line, for messages.

    Raises:
        UserError: the class list does not have it.
    """
    label = ids.get(folder.casefold())
    if label is None:
        raise UserError(f"class {folder!r} is not in the class list", where, MEND)
    return label


def expected(options: Ucf101Options) -> Expected:
    """Counts of the official lists."""
    return Expected(
        "official lists of the action recognition splits",
        {split: Counts(n, 101) for split, n in _pairs(COUNTS[options.fold])},
    )


def _pairs(counts: tuple[int, int]) -> Iterable[tuple[Split, int]]:
    return zip(SPLITS, counts, strict=True)


def _record(line: Line, split: Split, ids: Mapping[str, int], once: Once) -> Record:
    name, *rest = line.text.split()
    match = NAME.fullmatch(name)
    if match is None or len(rest) > 1:
        raise UserError(f"{line.text!r} is not 'Class/v_Class_g01_c01.avi'", line.where, MEND)
    label = label_of_folder(match["folder"], ids, line.where)
    if rest and whole_number(rest[0], "class id", line.where) != label + 1:
        what = f"class id {rest[0]} is not that of the folder {match['folder']!r}, {label + 1}"
        raise UserError(what, line.where, MEND)
    once.add(name, line.where)
    return Record(name, name, label, split, group=match["group"])


UCF101 = official_adapter("ucf101", Ucf101Options, find, read, expected, always(101))
