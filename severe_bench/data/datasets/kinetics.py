"""Kinetics-400 lists, for the adapters of the whole set and of its part Mini-Kinetics.

Two forms are read. The official CSV files have the columns `label,youtube_id,time_start,time_end`;
their clips are named `<id>_<start>_<end>` with six digits each. The lists of the reference code and
of toolboxes have lines `class_folder/clip [n_frames] label`. The validation split is the test set.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from severe_bench.core.errors import UserError
from severe_bench.core.record import SPLITS, Record, Split
from severe_bench.data.datasets.finding import Shelf
from severe_bench.data.datasets.official import Sources, Table
from severe_bench.data.datasets.reading import (
    MEND,
    Cells,
    Line,
    Once,
    read_csv,
    read_lines,
    real_number,
    under_root,
    whole_number,
)
from severe_bench.data.datasets.videos import stem

COLUMNS = ("label", "youtube_id", "time_start", "time_end")
TABLES = {
    "train": (
        "kinetics?400_train.csv",
        "kinetics400_train.csv",
        "kinetics_train.csv",
        "k400_train.csv",
        "train.csv",
    ),
    "test": (
        "kinetics?400_val*.csv",
        "kinetics400_val*.csv",
        "kinetics_val*.csv",
        "k400_val*.csv",
        "validate.csv",
        "val.csv",
    ),
}
LISTS = {
    "train": ("train_videofolder.txt", "kinetics400_train_list_videos.txt"),
    "test": ("val_videofolder.txt", "kinetics400_val_list_videos.txt"),
}
CLIP = re.compile(r"(?P<video>.+)_\d{6}_\d{6}")


@dataclass(frozen=True, slots=True)
class Clip:
    """One labelled clip of either form of list.

    Args:
        name: `<youtube id>_<start>_<end>`.
        path: as `class/name.mp4`.
        video: id of the source video.
        action: name of the class.
        number: class id where the list gives one.
        split: train or test (the validation list).
        where: place of the line.
    """

    name: str
    path: str
    video: str
    action: str
    number: int | None
    split: Split
    where: str


def kinetics_files(shelf: Shelf) -> Sources:
    """The training and validation lists, in the official form where that is there."""
    forms = [{split: shelf.maybe(*form[split]) for split in SPLITS} for form in (TABLES, LISTS)]
    for form in forms:
        found: dict[str, Path] = {s: path for s, path in form.items() if path is not None}
        if len(found) == len(SPLITS):
            return Sources(found)
    wanted = TABLES if any(forms[0].values()) or not any(forms[1].values()) else LISTS
    return Sources({split: shelf.one(*wanted[split]) for split in SPLITS})


def read_clips(path: Path, split: Split) -> list[Clip]:
    """The clips of one list, in its order.

    Raises:
        UserError: naming file and line.
    """
    if path.suffix.casefold() == ".csv":
        clips = [_of_row(row, split) for row in read_csv(path, COLUMNS)]
    else:
        clips = [_of_line(line, split) for line in read_lines(path)]
    once = Once("clip")
    for clip in clips:
        once.add(clip.name, clip.where)
    return clips


def class_names(clips: Sequence[Clip]) -> tuple[str, ...]:
    """Names in id order: by the ids of the lists, or alphabetical where they give none.

    Raises:
        UserError: one class with two ids, or one id with two classes, or no clip for an id.
    """
    if any(clip.number is None for clip in clips):
        return tuple(sorted({clip.action for clip in clips}))
    names: dict[int, str] = {}
    for clip in clips:
        number = clip.number or 0
        if names.setdefault(number, clip.action) != clip.action:
            what = f"label {number} stands for {names[number]!r} and for {clip.action!r}"
            raise UserError(what, clip.where, MEND)
    return tuple(names.get(label, f"class {label}") for label in range(max(names) + 1))


def table_of(clips: Sequence[Clip], classes: tuple[str, ...]) -> Table:
    """The clips as records of these classes; the group is the source video."""
    ids = {name: label for label, name in enumerate(classes)}
    records = (
        Record(clip.name, clip.path, ids[clip.action], clip.split, group=clip.video)
        for clip in clips
    )
    return Table(classes, tuple(records))


def _of_row(row: Cells, split: Split) -> Clip:
    action, video = row["label"].strip(), row["youtube_id"].strip()
    if not action or not video:
        raise UserError("a label or youtube_id is empty", row.where, MEND)
    start, end = (
        int(real_number(row[column], column, row.where)) for column in ("time_start", "time_end")
    )
    if end <= start:
        raise UserError(f"the clip ends at {end} s, not after its start", row.where, MEND)
    name = f"{video}_{start:06d}_{end:06d}"
    path = under_root(f"{action.replace('/', '_')}/{name}.mp4", row.where)
    return Clip(name, path, video, action, None, split, row.where)


def _of_line(line: Line, split: Split) -> Clip:
    parts = line.text.rsplit(maxsplit=2)
    if len(parts) == 3 and not parts[1].isdigit():  # a blank in the name, and no frame count
        parts = line.text.rsplit(maxsplit=1)
    if len(parts) < 2 or "/" not in parts[0]:
        what = f"{line.text!r} is not 'class/clip [frames] label'"
        raise UserError(what, line.where, MEND)
    number = whole_number(parts[-1], "label", line.where)
    if number < 0:
        raise UserError(f"label {number} is negative", line.where, MEND)
    bare = PurePosixPath(stem(under_root(parts[0], line.where)))
    match = CLIP.fullmatch(bare.name)
    video = match["video"] if match else bare.name
    return Clip(bare.name, f"{bare}.mp4", video, bare.parent.name, number, split, line.where)
