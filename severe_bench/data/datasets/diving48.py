"""Diving48 V2: 48 kinds of competitive dives.

Files: `Diving48_V2_train.json` and `Diving48_V2_test.json` (lists of `vid_name`, `label`,
`start_frame`, `end_frame`), `Diving48_vocab.json` (48 lists of words), which gives the names only
and may be missing. Videos are trimmed already, so the frames are not used. Class 30 occurs in
neither split.
"""

from pathlib import Path

from severe_bench.core.errors import UserError
from severe_bench.core.frozen import Frozen
from severe_bench.core.record import SPLITS, Record
from severe_bench.data.datasets.finding import Shelf
from severe_bench.data.datasets.official import Sources, Table, always, official_adapter
from severe_bench.data.datasets.reading import (
    MEND,
    Once,
    class_id,
    json_entries,
    read_json,
    text_of,
    under_root,
)
from severe_bench.data.expected import Counts, Expected

N_CLASSES = 48


class Diving48Options(Frozen):
    """There is one split; the first, noisier release (V1) is not read."""


def find(_: Diving48Options, shelf: Shelf) -> Sources:
    """The two lists, and the vocabulary where it is there."""
    files = {split: shelf.one(f"Diving48_V2_{split}.json") for split in ("train", "test")}
    classes = shelf.maybe("Diving48_vocab.json", "Diving48_V2_vocab.json", "vocab.json")
    return Sources(files if classes is None else {**files, "classes": classes})


def read(_: Diving48Options, sources: Sources) -> Table:
    """Labelled dives; the group is the long video that a dive was cut from."""
    classes = _vocabulary(sources.files.get("classes"))
    once = Once("video")
    records = []
    for split in SPLITS:
        for entry, where in json_entries(sources.files[split]):
            name = text_of(entry, "vid_name", where)
            once.add(name, where)
            label = class_id(entry.get("label"), len(classes), where)
            path = under_root(f"{name}.mp4", where)
            records.append(Record(name, path, label, split, group=_long_video(name)))
    return Table(classes, tuple(records))


def expected(_: Diving48Options) -> Expected:
    """Counts of the official lists."""
    return Expected(
        "official V2 lists; class 30 has no sample",
        {"train": Counts(15027, 47), "test": Counts(1970, 47)},
    )


def _vocabulary(path: Path | None) -> tuple[str, ...]:
    if path is None:
        return tuple(f"dive {label}" for label in range(N_CLASSES))
    words = read_json(path)
    if not isinstance(words, list) or not words:
        raise UserError("is not a JSON list of classes", str(path), MEND)
    for number, entry in enumerate(words, start=1):
        if not isinstance(entry, list) or not all(isinstance(word, str) for word in entry):
            where = f"{path}: entry {number}"
            raise UserError(f"{entry!r} is not a list of words", where, MEND)
    return tuple(" ".join(word for word in entry if word) for entry in words)


def _long_video(name: str) -> str:
    head, _, tail = name.rpartition("_")
    return head if head and tail.isdigit() else name


DIVING48 = official_adapter("diving48", Diving48Options, find, read, expected, always(N_CLASSES))
