"""NTU RGB+D (60 actions), cross-subject or cross-view.

Every name `SsssCcccPpppRrrrAaaa_rgb.avi` says set-up, camera, person, repetition and action, so
the official files are the names themselves. Lists `trainlist01.txt` and `testlist01.txt` of such
names are read where they are there; else the names below the root.
"""

import re
from collections.abc import Iterable
from typing import Literal

from severe_bench.core.errors import UserError
from severe_bench.core.frozen import Frozen
from severe_bench.core.record import SPLITS, Record, Split
from severe_bench.data.datasets.finding import Shelf, files_below
from severe_bench.data.datasets.official import Sources, Table, always, official_adapter
from severe_bench.data.datasets.reading import MEND, Once, class_id, read_lines, under_root
from severe_bench.data.datasets.ucf101 import read_class_index
from severe_bench.data.datasets.videos import SUFFIXES
from severe_bench.data.expected import Counts, Expected

NAME = re.compile(
    r"(?P<code>S\d{3}C(?P<camera>\d{3})P(?P<person>\d{3})R\d{3}A(?P<action>\d{3}))"
    r"(?:_rgb)?(?:\.\w+)?",
    re.IGNORECASE,
)
NAMED_SUFFIXES = SUFFIXES | {"skeleton"}
ACTIONS = 60
TRAIN_PERSONS = frozenset(
    (1, 2, 4, 5, 8, 9, 13, 14, 15, 16, 17, 18, 19, 25, 27, 28, 31, 34, 35, 38)
)
TRAIN_CAMERAS = frozenset((2, 3))
COUNTS = {"cross_subject": (40320, 16560), "cross_view": (37920, 18960)}


class Ntu60Options(Frozen):
    """Which official split; SEVERE uses cross-subject."""

    protocol: Literal["cross_subject", "cross_view"] = "cross_subject"


def find(_: Ntu60Options, shelf: Shelf) -> Sources:
    """The lists where both are there, else the names of the videos."""
    lists = {"train": shelf.maybe("trainlist01.txt"), "test": shelf.maybe("testlist01.txt")}
    files = {role: path for role, path in lists.items() if path is not None}
    if len(files) == 1:
        files = {role: shelf.one(f"{role}list01.txt") for role in lists}
    if files:
        index = shelf.maybe("classInd.txt")
        return Sources(files if index is None else {"classes": index, **files})
    names = _names_on_disk(shelf)
    if not names:
        mend = "put trainlist01.txt and testlist01.txt there, or point the root to the videos"
        raise UserError("no lists and no videos of NTU RGB+D", str(shelf.folder), mend)
    return Sources({}, names)


def read(options: Ntu60Options, sources: Sources) -> Table:
    """The records of a split; the group is the person.

    Raises:
        UserError: a name is not of NTU RGB+D, or its list contradicts the official split.
    """
    classes = _classes(sources)
    once = Once("video")
    records = []
    for path, where, split in _listed(sources):
        record = _record(path, where, options, len(classes))
        if split is not None and record.split != split:
            what = f"{path!r} belongs to the {record.split} split of {options.protocol}"
            raise UserError(what, where, MEND)
        once.add(record.sample.rpartition("/")[2].casefold(), where)
        records.append(record)
    order = {split: place for place, split in enumerate(SPLITS)}
    return Table(classes, tuple(sorted(records, key=lambda record: order[record.split])))


def expected(options: Ntu60Options) -> Expected:
    """Counts of the official protocol."""
    train, test = COUNTS[options.protocol]
    return Expected(
        "Shahroudy et al. 2016", {"train": Counts(train, ACTIONS), "test": Counts(test, ACTIONS)}
    )


def _listed(sources: Sources) -> Iterable[tuple[str, str, Split | None]]:
    if sources.names:
        yield from ((f"{name}_rgb.avi", name, None) for name in sources.names)
        return
    for split in SPLITS:
        for line in read_lines(sources.files[split]):
            name, *rest = line.text.split()
            if len(rest) > 1:
                raise UserError(f"{line.text!r} is not one name", line.where, MEND)
            yield under_root(name, line.where), line.where, split


def _names_on_disk(shelf: Shelf) -> tuple[str, ...]:
    """Codes of the first 60 actions below the root, or else below the annotations folder.

    Actions from 61 on belong to NTU RGB+D 120, whose videos often lie in the same folder.
    """
    files = shelf.files if shelf.root is None else files_below(shelf.root)
    matches = (
        NAME.fullmatch(name.rpartition("/")[2])
        for name in files
        if name.rpartition(".")[2].casefold() in NAMED_SUFFIXES
    )
    codes = {
        match["code"].upper() for match in matches if match and int(match["action"]) <= ACTIONS
    }
    return tuple(sorted(codes))


def _record(path: str, where: str, options: Ntu60Options, n_classes: int) -> Record:
    match = NAME.fullmatch(path.rpartition("/")[2])
    if match is None:
        raise UserError(f"{path!r} is not 'SsssCcccPpppRrrrAaaa_rgb.avi'", where, MEND)
    action, person, camera = (int(match[part]) for part in ("action", "person", "camera"))
    label = class_id(action, n_classes, where, first=1)
    by_person = options.protocol == "cross_subject"
    train = person in TRAIN_PERSONS if by_person else camera in TRAIN_CAMERAS
    group = f"P{person:03d}"
    return Record(path, path, label, "train" if train else "test", group=group)


def _classes(sources: Sources) -> tuple[str, ...]:
    if "classes" not in sources.files:
        return tuple(f"A{number:03d}" for number in range(1, ACTIONS + 1))
    return read_class_index(sources.files["classes"])


NTU60 = official_adapter("ntu60", Ntu60Options, find, read, expected, always(ACTIONS))
