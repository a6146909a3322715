"""HMDB51: 51 actions in three official folds.

Files: one list per class and fold, `<class>_test_split{1,2,3}.txt`, lines `clip.avi {0,1,2}`:
1 is training, 2 is test, 0 is not used. The class list is the sorted names of the classes.
"""

import re
from pathlib import Path
from typing import Literal

from severe_bench.core.errors import UserError
from severe_bench.core.frozen import Frozen
from severe_bench.core.record import SPLITS, Record, Split
from severe_bench.data.datasets.finding import Shelf
from severe_bench.data.datasets.official import Sources, Table, always, official_adapter
from severe_bench.data.datasets.reading import MEND, Line, Once, read_lines, under_root
from severe_bench.data.datasets.videos import stem
from severe_bench.data.expected import Counts, Expected

LIST = re.compile(r"(?P<action>.+)_test_split(?P<fold>[123])\.txt", re.IGNORECASE)
# After the class: visible body parts, camera motion, number of people, view, quality, clip number.
PROPERTIES = re.compile(r"_[a-z]+_(?:cm|nm)_np\d+_[a-z]+_[a-z]+_\d+$")
SPLIT_OF: dict[str, Split | None] = {"0": None, "1": "train", "2": "test"}


class Hmdb51Options(Frozen):
    """Which of the three official folds; SEVERE uses the first."""

    fold: Literal[1, 2, 3] = 1


def find(options: Hmdb51Options, shelf: Shelf) -> Sources:
    """The lists of all classes for a fold.

    Raises:
        UserError: a class has a list for another fold only.
    """
    actions = sorted(
        {
            match["action"].casefold()
            for path in shelf.all("*_test_split?.txt")
            if (match := LIST.fullmatch(path.name))
        }
    ) or ["<class>"]
    return Sources({name: shelf.one(f"{name}_test_split{options.fold}.txt") for name in actions})


def read(_: Hmdb51Options, sources: Sources) -> Table:
    """The records of a fold, class by class; the group is the source video named in the file."""
    classes = tuple(sources.files)
    records = [
        record
        for label, action in enumerate(classes)
        for record in _of_class(action, label, sources.files[action])
    ]
    order = {split: place for place, split in enumerate(SPLITS)}
    return Table(classes, tuple(sorted(records, key=lambda record: order[record.split])))


def expected(_: Hmdb51Options) -> Expected:
    """70 training and 30 test clips of each of the 51 classes, in every fold."""
    return Expected(
        "official lists, 70 and 30 clips per class",
        {"train": Counts(3570, 51), "test": Counts(1530, 51)},
    )


def source_video(clip: str, action: str) -> str:
    """The video that a clip was cut from, as its name says.

    Example:
        >>> source_video("April_09_brush_hair_u_nm_np1_ba_goo_0.avi", "brush_hair")
        'April_09'
    """
    return PROPERTIES.sub("", stem(clip)).removesuffix(f"_{action}")


def _of_class(action: str, label: int, path: Path) -> list[Record]:
    once = Once("video")
    records = []
    for line in read_lines(path):
        clip, split = _parsed(line)
        once.add(clip, line.where)
        if split is not None:
            name = f"{action}/{clip}"
            group = source_video(clip, action)
            records.append(Record(name, under_root(name, line.where), label, split, group=group))
    return records


def _parsed(line: Line) -> tuple[str, Split | None]:
    clip, *mark = line.text.rsplit(maxsplit=1)
    if not mark or mark[0] not in SPLIT_OF:
        raise UserError(f"{line.text!r} is not 'clip.avi' and 0, 1 or 2", line.where, MEND)
    return clip, SPLIT_OF[mark[0]]


HMDB51 = official_adapter("hmdb51", Hmdb51Options, find, read, expected, always(51))
