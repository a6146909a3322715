"""FineGym v1.0 lists, for the adapters of Gym-99, Gym-288 and their parts.

Lists: lines `<clip> <label>` with clip `<video>_E_<start>_<end>_A_<start>_<end>`, with or without
`.avi`, named `gym99_train_element_v1.0.txt`, `gym99_val_element.txt` or `gym99_train.txt`,
`gym99_val.txt`. The validation list is the test set. Times: `finegym_annotation_info_v1.0.json`
(or `annotation.json`): video -> event -> `timestamps` in seconds of the video, and `segments` ->
clip -> `timestamps` in seconds from the event's start, one pair per stage.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from severe_bench.core.errors import UserError
from severe_bench.core.frozen import Frozen
from severe_bench.core.record import SPLITS, Record, Split
from severe_bench.data.adapter import Adapter
from severe_bench.data.datasets.finding import Shelf
from severe_bench.data.datasets.official import Sources, Table, always, official_adapter
from severe_bench.data.datasets.reading import (
    MEND,
    Line,
    Once,
    class_id,
    json_object,
    read_lines,
    real_number,
    under_root,
)
from severe_bench.data.datasets.videos import stem
from severe_bench.data.expected import Counts, Expected

CLIP = re.compile(r"(?P<video>.+)_(?P<event>E_\d+_\d+)_(?P<element>A_\d+_\d+)")
CATEGORY = re.compile(r"Clabel:\s*(?P<label>\d+)\s*;.*?Glabel:\s*\d+\s*;\s*(?P<name>.+)")
FILE_SPLIT: dict[Split, str] = {"train": "train", "test": "val"}


class FineGymOptions(Frozen):
    """Which files the videos are.

    Args:
        videos: `trimmed`: one file per clip, named as in the list; `long`: the whole videos,
            of which each record is a range, as the file of times says.
    """

    videos: Literal["trimmed", "long"] = "trimmed"


@dataclass(frozen=True)
class Part:
    """A range of the class ids of a FineGym list.

    Args:
        of: `gym99` or `gym288`: whose lists are read.
        n_classes: of those lists.
        first, last: class ids that belong to the part; `first` becomes 0.
        expected: counts of the official v1.0 lists.
    """

    of: Literal["gym99", "gym288"]
    n_classes: int
    first: int
    last: int
    expected: Expected


def counts(
    train: int, test: int, classes: int | None, *, train_classes: int | None = None
) -> Expected:
    """Expected counts of a part, from the official lists.

    Args:
        train: clips of the training list.
        test: clips of the validation list.
        classes: that occur in a split, or None where no source says.
        train_classes: that occur in training, where those are fewer.
    """
    return Expected(
        "official FineGym v1.0 lists",
        {"train": Counts(train, train_classes or classes), "test": Counts(test, classes)},
    )


def finegym_adapter(name: str, part: Part) -> Adapter[FineGymOptions]:
    """The adapter of a part."""
    return official_adapter(
        name,
        FineGymOptions,
        lambda options, shelf: find(part, options, shelf),
        lambda options, sources: read(part, options, sources),
        lambda _: part.expected,
        always(part.last - part.first + 1),
    )


def find(part: Part, options: FineGymOptions, shelf: Shelf) -> Sources:
    """The two lists, the times where they are asked for, and the class names where they exist."""
    files: dict[str, Path] = {
        split: shelf.one(*_list_names(part.of, FILE_SPLIT[split])) for split in SPLITS
    }
    if options.videos == "long":
        files["times"] = shelf.one(
            "finegym_annotation_info_v1.0.json", "finegym_annotation*.json", "annotation.json"
        )
    names = shelf.maybe(f"{part.of}_categories.txt")
    return Sources(files if names is None else {**files, "names": names})


def read(part: Part, options: FineGymOptions, sources: Sources) -> Table:
    """The clips of a part with its own class ids; the group is the source video."""
    times = json_object(sources.files["times"]) if options.videos == "long" else None
    names = _class_names(part, sources.files.get("names"))
    once = Once("clip")
    records = []
    for split in SPLITS:
        for line in read_lines(sources.files[split]):
            name, label = _parsed(line, part)
            once.add(stem(name), line.where)
            if part.first <= label <= part.last:
                record = _record(name, label - part.first, split, line)
                records.append(record if times is None else _ranged(record, times, line.where))
    return Table(names, tuple(records))


def seconds_of(times: Mapping[str, object], clip: str, where: str) -> tuple[float, float]:
    """Start and end of a clip in seconds of its long video: those of its event plus its own.

    Args:
        times: content of the file of times.
        clip: `<video>_E_<start>_<end>_A_<start>_<end>`.
        where: place of the clip in its list, for messages.

    Raises:
        UserError: the file of times does not have the clip, or has no times for it.
    """
    match = CLIP.fullmatch(clip)
    if match is None:
        raise UserError(f"{clip!r} is not a FineGym clip", where, MEND)
    event = _child(_child(times, match["video"], clip, where), match["event"], clip, where)
    segments = _child(event, "segments", clip, where)
    element = _child(segments, match["element"], clip, where)
    offset = _stages(event, clip, where)[0][0]
    stages = _stages(element, clip, where)
    start, end = offset + min(s for s, _ in stages), offset + max(e for _, e in stages)
    if end <= start:
        raise UserError(f"clip {clip!r} ends at {end} s, not after its start", where, MEND)
    return start, end


def _list_names(of: str, split: str) -> tuple[str, ...]:
    return (
        f"{of}_{split}_element_v1.0.txt",
        f"{of}_{split}_v1.0.txt",
        f"{of}_{split}_element.txt",
        f"{of}_{split}.txt",
        f"{of}_{split}_org.txt",
    )


def _parsed(line: Line, part: Part) -> tuple[str, int]:
    fields = line.text.split()
    if len(fields) != 2 or CLIP.fullmatch(stem(fields[0])) is None:
        raise UserError(f"{line.text!r} is not a FineGym clip and its label", line.where, MEND)
    return under_root(fields[0], line.where), class_id(fields[1], part.n_classes, line.where)


def _record(name: str, label: int, split: Split, line: Line) -> Record:
    match = CLIP.fullmatch(stem(name))
    video = match["video"] if match else name
    path = under_root(f"{stem(name)}.mp4", line.where)
    return Record(name, path, label, split, group=video)


def _ranged(record: Record, times: Mapping[str, object], where: str) -> Record:
    start, end = seconds_of(times, stem(record.sample), where)
    path = f"{record.group}.mp4"
    return Record(
        record.sample, path, record.label, record.split, start, end, record.group, record.extras
    )


def _child(parent: Mapping[str, object], key: str, clip: str, where: str) -> Mapping[str, object]:
    child = parent.get(key)
    if not isinstance(child, dict):
        raise UserError(f"the file of times has no {key!r} for clip {clip!r}", where, MEND)
    return child


def _stages(entry: Mapping[str, object], clip: str, where: str) -> Sequence[tuple[float, float]]:
    stages = entry.get("timestamps")
    if not isinstance(stages, list) or not stages:
        raise UserError(f"the file of times has no times for clip {clip!r}", where, MEND)
    pairs = []
    for stage in stages:
        if not isinstance(stage, list) or len(stage) != 2:
            raise UserError(f"{stage!r} is not [start, end] for clip {clip!r}", where, MEND)
        start, end = (real_number(value, "time", where) for value in stage)
        pairs.append((start, end))
    return pairs


def _class_names(part: Part, path: Path | None) -> tuple[str, ...]:
    """Names from `gym99_categories.txt` (`Clabel: 0; set: 1; Glabel: 1; (VT) ...`), or numbers."""
    names = {label: f"{part.of} {label}" for label in range(part.n_classes)}
    for line in read_lines(path) if path else ():
        match = CATEGORY.search(line.text)
        if match is None:
            raise UserError(f"{line.text!r} is not 'Clabel: n; ...'", line.where, MEND)
        names[class_id(match["label"], part.n_classes, line.where)] = match["name"].strip()
    return tuple(names[label] for label in range(part.first, part.last + 1))
