"""Charades v1: 157 actions, several per video, each with its times.

Files: `Charades_v1_train.csv` and `Charades_v1_test.csv` (quoted; `actions` holds
`c092 11.90 21.20;c147 0.00 12.60` and may be empty), `Charades_v1_classes.txt` (`c000 Name`),
which gives the names only and may be missing.
"""

from collections.abc import Mapping
from pathlib import Path

from severe_bench.core.errors import UserError
from severe_bench.core.extras import DURATION, LABELS, SPANS, Span
from severe_bench.core.frozen import Frozen
from severe_bench.core.record import SPLITS, Record, Split
from severe_bench.data.adapter import Known, Location
from severe_bench.data.datasets.finding import Shelf
from severe_bench.data.datasets.official import Sources, Table, official_adapter
from severe_bench.data.datasets.reading import (
    MEND,
    Cells,
    Once,
    read_csv,
    read_lines,
    real_number,
    under_root,
)
from severe_bench.data.expected import Counts, Expected

N_CLASSES = 157
COLUMNS = ("id", "subject", "actions", "length")


class CharadesOptions(Frozen):
    """There is one split."""


def find(_: CharadesOptions, shelf: Shelf) -> Sources:
    """The two lists and the classes."""
    files = {split: shelf.one(f"Charades_v1_{split}.csv") for split in ("train", "test")}
    classes = shelf.maybe("Charades_v1_classes.txt")
    return Sources(files if classes is None else {**files, "classes": classes})


def read(_: CharadesOptions, sources: Sources) -> Table:
    """The videos with `labels` and `spans` in their extras; the group is the person at home.

    A video without actions keeps its place, with no label.
    """
    codes, names = _classes(sources.files.get("classes"))
    once = Once("video")
    records = []
    for split in SPLITS:
        for row in read_csv(sources.files[split], COLUMNS):
            once.add(row["id"], row.where)
            records.append(_record(row, split, codes))
    return Table(names, tuple(records))


def spans(text: str, codes: Mapping[str, int], where: str) -> tuple[Span, ...]:
    """The actions in a cell, in its order.

    Args:
        text: `c092 11.90 21.20;c147 0.00 12.60`, or empty.
        codes: class ids by code.
        where: place of the cell, for messages.

    Raises:
        UserError: another form, or a class that the class list does not have.
    """
    found = []
    for part in filter(None, (part.strip() for part in text.split(";"))):
        fields = part.split()
        if len(fields) != 3:
            raise UserError(f"action {part!r} is not 'c000 start end'", where, MEND)
        if fields[0] not in codes:
            raise UserError(f"class {fields[0]!r} is not in the class list", where, MEND)
        start, end = (real_number(field, "time", where) for field in fields[1:])
        found.append(Span(codes[fields[0]], start, end))
    return tuple(found)


def expected(_: CharadesOptions) -> Expected:
    """Counts of the official lists."""
    return Expected(
        "Sigurdsson et al. 2016; SEVERE, Table 4.2",
        {"train": Counts(7985, N_CLASSES), "test": Counts(1863, N_CLASSES)},
    )


def known(_: CharadesOptions, __: Location) -> Known:
    """Actions with their times; no video has one class."""
    targets = frozenset(key.name for key in (LABELS, SPANS, DURATION))
    return Known(classes=N_CLASSES, targets=targets)


def _record(row: Cells, split: Split, codes: Mapping[str, int]) -> Record:
    actions = spans(row["actions"], codes, row.where)
    labels = tuple(sorted({span.label for span in actions}))
    length = real_number(row["length"], "length", row.where)
    name = row["id"].strip()
    return Record(
        sample=name,
        path=under_root(f"{name}.mp4" if name else "", row.where),
        label=None,
        split=split,
        group=row["subject"].strip() or None,
        extras={**LABELS.set(labels), **SPANS.set(actions), **DURATION.set(length)},
    )


def _classes(path: Path | None) -> tuple[dict[str, int], tuple[str, ...]]:
    codes = {f"c{label:03d}": label for label in range(N_CLASSES)}
    if path is None:
        return codes, tuple(codes)
    codes, names = {}, []
    for label, line in enumerate(read_lines(path)):
        code, _, name = line.text.partition(" ")
        if code != f"c{label:03d}" or not name.strip():
            raise UserError(f"{line.text!r} is not 'c{label:03d} <name>'", line.where, MEND)
        codes[code] = label
        names.append(name.strip())
    return codes, tuple(names)


CHARADES = official_adapter("charades", CharadesOptions, find, read, expected, known)
