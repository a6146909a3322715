"""EPIC-KITCHENS-100: 97 verbs, 300 nouns, and their pairs as actions.

Files: `EPIC_100_train.csv` and `EPIC_100_validation.csv` (narrations with times, some quoted),
`EPIC_100_verb_classes.csv` and `EPIC_100_noun_classes.csv` (or `_v2`), which give the names only
and may be missing. Each record is a range of a long video. The validation list is the test set;
the labels of the test list are not public.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from severe_bench.core.errors import UserError
from severe_bench.core.extras import LABEL, NOUN, VERB
from severe_bench.core.frozen import Frozen
from severe_bench.core.record import SPLITS, Record, Split
from severe_bench.data.adapter import Known, Location
from severe_bench.data.datasets.finding import Shelf
from severe_bench.data.datasets.official import Sources, Table, official_adapter
from severe_bench.data.datasets.reading import (
    MEND,
    Cells,
    Once,
    class_id,
    read_csv,
    under_root,
)
from severe_bench.data.expected import Counts, Expected

COLUMNS = (
    "narration_id",
    "participant_id",
    "video_id",
    "start_timestamp",
    "stop_timestamp",
    "verb_class",
    "noun_class",
)
N_VERBS, N_NOUNS = 97, 300
TIME = re.compile(r"(\d+):([0-5]\d):([0-5]\d(?:\.\d+)?)")


class EpicKitchens100Options(Frozen):
    """What `Record.label` is; both parts are in the extras and vocabularies in any case.

    Args:
        label: `verb`, `noun` or `action`: a pair of both that occurs in either split, numbered in
            the order of (verb, noun).
    """

    label: Literal["verb", "noun", "action"] = "verb"


@dataclass(frozen=True, slots=True)
class Narration:
    """One annotated range of a video, with its official split."""

    row: Cells
    split: Split
    verb: int
    noun: int


def find(_: EpicKitchens100Options, shelf: Shelf) -> Sources:
    """The two lists, and the names of verbs and nouns where they are there."""
    names = {
        "verbs": shelf.maybe("EPIC_100_verb_classes.csv"),
        "nouns": shelf.maybe("EPIC_100_noun_classes.csv", "EPIC_100_noun_classes_v2.csv"),
    }
    lists = {
        "train": shelf.one("EPIC_100_train.csv"),
        "test": shelf.one("EPIC_100_validation.csv"),
    }
    return Sources({**lists, **{role: path for role, path in names.items() if path is not None}})


def read(options: EpicKitchens100Options, sources: Sources) -> Table:
    """The narrations as ranges of their videos; the group is the video."""
    verbs = _classes(sources.files.get("verbs"), "verb", N_VERBS)
    nouns = _classes(sources.files.get("nouns"), "noun", N_NOUNS)
    narrations = _narrations(sources, len(verbs), len(nouns))
    actions = sorted({(narration.verb, narration.noun) for narration in narrations})
    names = {
        "verb": verbs,
        "noun": nouns,
        "action": tuple(f"{verbs[verb]} {nouns[noun]}" for verb, noun in actions),
    }
    ids = {pair: label for label, pair in enumerate(actions)}
    return Table(
        names[options.label],
        tuple(_record(narration, _label(options, narration, ids)) for narration in narrations),
        {"verb": verbs, "noun": nouns},
    )


def seconds(text: str, where: str) -> float:
    """Seconds from `HH:MM:SS.ss`.

    Raises:
        UserError: it is something else.

    Example:
        >>> seconds("00:01:02.50", "train.csv:2")
        62.5
    """
    match = TIME.fullmatch(text.strip())
    if match is None:
        raise UserError(f"time {text!r} is not HH:MM:SS.ss", where, MEND)
    hours, minutes, rest = match.groups()
    return 3600.0 * int(hours) + 60.0 * int(minutes) + float(rest)


def expected(_: EpicKitchens100Options) -> Expected:
    """Counts of the official lists."""
    return Expected(
        "Damen et al. 2022, EPIC-KITCHENS-100; SEVERE, Table 4.2",
        {"train": Counts(67217), "test": Counts(9668)},
    )


def known(options: EpicKitchens100Options, _: Location) -> Known:
    """A class, a verb and a noun; how many classes, unless they are pairs."""
    counts = {"verb": N_VERBS, "noun": N_NOUNS}
    return Known(
        classes=counts.get(options.label), targets=frozenset({LABEL, VERB.name, NOUN.name})
    )


def _narrations(sources: Sources, n_verbs: int, n_nouns: int) -> Sequence[Narration]:
    once = Once("narration")
    found = []
    for split in SPLITS:
        for row in read_csv(sources.files[split], COLUMNS):
            once.add(row["narration_id"], row.where)
            verb = class_id(row["verb_class"], n_verbs, row.where)
            noun = class_id(row["noun_class"], n_nouns, row.where)
            found.append(Narration(row, split, verb, noun))
    return found


def _label(
    options: EpicKitchens100Options, narration: Narration, ids: Mapping[tuple[int, int], int]
) -> int:
    if options.label == "verb":
        return narration.verb
    return narration.noun if options.label == "noun" else ids[narration.verb, narration.noun]


def _record(narration: Narration, label: int) -> Record:
    row = narration.row
    start = seconds(row["start_timestamp"], row.where)
    end = seconds(row["stop_timestamp"], row.where)
    if end <= start:
        raise UserError(f"the range ends at {end} s, not after its start", row.where, MEND)
    video = row["video_id"]
    return Record(
        sample=row["narration_id"],
        path=under_root(f"{row['participant_id']}/videos/{video}.MP4", row.where),
        label=label,
        split=narration.split,
        start=start,
        end=end,
        group=video,
        extras={**VERB.set(narration.verb), **NOUN.set(narration.noun)},
    )


def _classes(path: Path | None, kind: str, count: int) -> tuple[str, ...]:
    """Names in id order from the columns `id,key`, or numbered ones."""
    if path is None:
        return tuple(f"{kind} {number}" for number in range(count))
    rows = read_csv(path, ("id", "key"))
    for number, row in enumerate(rows):
        if row["id"].strip() != str(number):
            raise UserError(f"id {row['id']!r} stands where {number} should", row.where, MEND)
    return tuple(row["key"].strip() for row in rows)


EPIC_KITCHENS_100 = official_adapter(
    "epic_kitchens_100", EpicKitchens100Options, find, read, expected, known
)
