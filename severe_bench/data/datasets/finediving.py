"""FineDiving: 3,000 dives of 52 types, with difficulty and score.

Files: `train_split.pkl` and `test_split.pkl` (lists of (competition, number)), and one annotation
file keyed by the same pairs: `fine-grained_annotation_aqa.pkl` (lists: type, score, difficulty,
...) or `FineDiving_fine-grained_annotation.pkl`, `FineDiving_coarse_annotation.pkl` (dicts with
`action_type`, `dive_score`, `difficulty`). They are pickles; `plain_pickle.py` reads them as data.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from severe_bench.core.errors import UserError
from severe_bench.core.extras import DIFFICULTY, SCORE
from severe_bench.core.frozen import Frozen
from severe_bench.core.record import SPLITS, Record, Split
from severe_bench.data.datasets.finding import Shelf
from severe_bench.data.datasets.official import Sources, Table, always, official_adapter
from severe_bench.data.datasets.pickled_arrays import plain_number
from severe_bench.data.datasets.plain_pickle import read_plain_pickle
from severe_bench.data.datasets.reading import MEND, Once, under_root
from severe_bench.data.expected import Counts, Expected

Dive = tuple[str, int]
FIELDS = ("action_type", "dive_score", "difficulty")  # also the order of the list form


class FineDivingOptions(Frozen):
    """There is one split."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """What one dive is: its type, and score and difficulty where they are plain numbers."""

    action: str
    score: float | None
    difficulty: float | None


def find(_: FineDivingOptions, shelf: Shelf) -> Sources:
    """The split lists and one annotation file."""
    return Sources(
        {
            "train": shelf.one("train_split.pkl"),
            "test": shelf.one("test_split.pkl"),
            "dives": shelf.one(
                "fine-grained_annotation_aqa.pkl",
                "fine-grained_annotation_for_aqa.pkl",
                "FineDiving_fine-grained_annotation.pkl",
                "FineDiving_coarse_annotation.pkl",
            ),
        }
    )


def read(_: FineDivingOptions, sources: Sources) -> Table:
    """The trimmed dives `<competition>/<number>`; classes are the sorted types that occur."""
    dives = read_dives(sources.files["dives"])
    listed = [
        (dive, split, where) for split in SPLITS for dive, where in _listed(sources.files[split])
    ]
    once = Once("dive")
    for dive, _split, where in listed:
        once.add(f"{dive[0]}/{dive[1]}", where)
        if dive not in dives:
            what = f"dive {dive} is not in {sources.files['dives'].name}"
            raise UserError(what, where, MEND)
    classes = tuple(sorted({dives[dive].action for dive, *_rest in listed}))
    return Table(
        classes,
        tuple(_record(dive, dives[dive], split, classes, where) for dive, split, where in listed),
    )


def read_dives(path: Path) -> dict[Dive, Annotation]:
    """Annotations by (competition, number).

    Raises:
        UserError: an entry of another form.
    """
    return {dive: _annotation(entry, dive, path) for dive, entry in _entries(path)}


def expected(_: FineDivingOptions) -> Expected:
    """Xu et al. print 3,000 dives of 52 types and a 75/25 split, not the counts of each split."""
    return Expected(
        "Xu et al. 2022: 3,000 dives, 52 types, 75 % for training",
        {"train": Counts(), "test": Counts()},
    )


def _entries(path: Path) -> Iterator[tuple[Dive, object]]:
    """Entries keyed by pairs, or by competition and then by number."""
    content = read_plain_pickle(path)
    if not isinstance(content, dict) or not content:
        raise UserError("is not a dict of dives", str(path), MEND)
    for key, value in content.items():
        if isinstance(key, str) and isinstance(value, dict):
            yield from ((_dive((key, number), str(path)), entry) for number, entry in value.items())
        else:
            yield _dive(key, str(path)), value


def _listed(path: Path) -> Iterator[tuple[Dive, str]]:
    content = read_plain_pickle(path)
    if not isinstance(content, list) or not content:
        raise UserError("is not a list of dives", str(path), MEND)
    for number, pair in enumerate(content, start=1):
        where = f"{path}: entry {number}"
        yield _dive(pair, where), where


def _dive(key: object, where: str) -> Dive:
    if isinstance(key, tuple | list) and len(key) == 2:
        competition, number = key
        if isinstance(competition, str) and str(number).isdigit():
            return competition, int(number)
    raise UserError(f"{key!r} is not (competition, number)", where, MEND)


def _annotation(entry: object, dive: Dive, path: Path) -> Annotation:
    if isinstance(entry, list | tuple):
        entry = dict(zip(FIELDS, entry, strict=False))
    action = entry.get("action_type") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not isinstance(action, str | int):
        raise UserError(f"dive {dive} has no action type", str(path), MEND)
    return Annotation(
        str(action), plain_number(entry.get("dive_score")), plain_number(entry.get("difficulty"))
    )


def _record(
    dive: Dive, annotation: Annotation, split: Split, classes: tuple[str, ...], where: str
) -> Record:
    name = f"{dive[0]}/{dive[1]}"
    extras: dict[str, object] = {}
    if annotation.difficulty is not None:
        extras |= DIFFICULTY.set(annotation.difficulty)
    if annotation.score is not None:
        extras |= SCORE.set(annotation.score)
    path = under_root(f"{name}.mp4", where)
    label = classes.index(annotation.action)
    return Record(name, path, label, split, group=dive[0], extras=extras)


FINEDIVING = official_adapter(
    "finediving", FineDivingOptions, find, read, expected, always(52, DIFFICULTY, SCORE)
)
