"""A table of records as the files that `manifest.py` reads: the same records come back."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

from severe_bench.core.atomic import write_text
from severe_bench.core.extras import (
    BOXES,
    LABELS,
    NOUN,
    PROPOSALS,
    SPANS,
    STARTS,
    TUBES,
    VERB,
)
from severe_bench.core.record import Dataset, Record
from severe_bench.data.datasets.manifest import ManifestOptions
from severe_bench.data.datasets.sidecar import COLUMNS as BOXED

FILES = ManifestOptions()
LEADING = ("path", "label", "split", "start", "end", "group")


def write_manifest(dataset: Dataset, folder: Path) -> None:
    """Write class lists, table and, where there are boxes, the JSON lines; each file atomically.

    Extras that are no targets are written as they are: text, number, or list and object as JSON.

    Example:
        >>> write_manifest(load_manifest(ManifestOptions(), here), Path("copy"))
    """
    write_text(folder / FILES.classes, _lines(dataset.classes))
    for kind, name in {"verb": FILES.verbs, "noun": FILES.nouns}.items():
        if kind in dataset.vocabularies:
            write_text(folder / name, _lines(dataset.vocabularies[kind]))
    boxed = [record for record in dataset.records if BOXED & set(record.extras)]
    if boxed:
        lines = (json.dumps(_boxes(record, dataset.classes)) for record in boxed)
        write_text(folder / FILES.boxes, _lines(lines))
    write_text(folder / FILES.file, table(dataset))


def table(dataset: Dataset) -> str:
    """The manifest's text: a line per record; the column `sample` only where paths do not do."""
    rows = [_cells(record, dataset) for record in dataset.records]
    columns = dict.fromkeys(LEADING) | dict.fromkeys(name for row in rows for name in row)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(columns), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _lines(texts: Iterator[str] | tuple[str, ...]) -> str:
    return "".join(f"{text}\n" for text in texts)


def _cells(record: Record, dataset: Dataset) -> dict[str, object]:
    trimmed = record.start is not None or record.end is not None
    plain = record.sample == record.path and not trimmed
    named = {} if plain else {"sample": record.sample}
    return {
        **named,
        "path": record.path,
        "label": "" if record.label is None else dataset.classes[record.label],
        "split": record.split,
        "start": "" if record.start is None else record.start,
        "end": "" if record.end is None else record.end,
        "group": record.group or "",
        **{name: _cell(name, record, dataset) for name in record.extras if name not in BOXED},
    }


def _cell(name: str, record: Record, dataset: Dataset) -> object:
    value, names = record.extras[name], dataset.classes
    if name == LABELS.name:
        return ";".join(names[label] for label in LABELS.of(record))
    if name == SPANS.name:
        spans = SPANS.of(record)
        return ";".join(f"{names[s.label]}@{_time(s.start)}-{_time(s.end)}" for s in spans)
    if name in (VERB.name, NOUN.name):
        return dataset.vocabularies[name][VERB.of(record) if name == VERB.name else NOUN.of(record)]
    if name == STARTS.name:
        return ";".join(str(frame) for frame in STARTS.of(record))
    return value if isinstance(value, str | int | float) else json.dumps(value)


def _time(seconds: float) -> str:
    """Seconds in full, without an exponent."""
    return format(Decimal(repr(seconds)), "f")


def _boxes(record: Record, names: tuple[str, ...]) -> Mapping[str, object]:
    line: dict[str, object] = {"sample": record.sample}
    if BOXES.name in record.extras:
        line["boxes"] = [
            {"box": (box.x1, box.y1, box.x2, box.y2), "labels": [names[i] for i in box.labels]}
            | ({} if box.person is None else {"person": box.person})
            for box in BOXES.of(record)
        ]
    if PROPOSALS.name in record.extras:
        line["proposals"] = [
            {"box": (p.x1, p.y1, p.x2, p.y2), "score": p.score} for p in PROPOSALS.of(record)
        ]
    if TUBES.name in record.extras:
        line["tubes"] = [
            {"label": names[tube.label], "frames": tube.frames, "boxes": tube.boxes}
            for tube in TUBES.of(record)
        ]
    return line
