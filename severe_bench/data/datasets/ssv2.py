"""Something-Something v2: 174 templates at 12 frames per second.

Files: `labels.json` ({template: "id"}), `train.json` and `validation.json` (lists of entries with
`id` and `template`), also under their older names `something-something-v2-*.json`. The validation
split is the test set, as in all published numbers; the labels of the test split are not public.
"""

from collections.abc import Mapping
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
    json_object,
    text_of,
    under_root,
)
from severe_bench.data.expected import Counts, Expected


class Ssv2Options(Frozen):
    """There is one split."""


def find(_: Ssv2Options, shelf: Shelf) -> Sources:
    """The three files, in either spelling."""
    names = {"classes": "labels", "train": "train", "test": "validation"}
    return Sources(
        {
            role: shelf.one(f"something-something-v2-{name}.json", f"{name}.json")
            for role, name in names.items()
        }
    )


def read(_: Ssv2Options, sources: Sources) -> Table:
    """Labelled videos; the class of an entry is its template without brackets."""
    classes = read_templates(sources.files["classes"])
    ids = {name: label for label, name in enumerate(classes)}
    once = Once("video")
    records = []
    for split in SPLITS:
        for entry, where in json_entries(sources.files[split]):
            name = text_of(entry, "id", where)
            once.add(name, where)
            path = under_root(f"{name}.webm", where)
            records.append(Record(name, path, _label(entry, ids, where), split))
    return Table(classes, tuple(records))


def read_templates(path: Path) -> tuple[str, ...]:
    """Templates without brackets, in id order.

    Raises:
        UserError: ids that are not each of 0 to n-1 once.
    """
    labels = json_object(path)
    names: dict[int, str] = {}
    for template, value in labels.items():
        label = class_id(value, len(labels), str(path))
        if label in names:
            raise UserError(f"id {label} is given twice, to {template!r} too", str(path), MEND)
        names[label] = _bare(template)
    return tuple(names[label] for label in range(len(names)))


def expected(_: Ssv2Options) -> Expected:
    """Counts of the official lists."""
    return Expected(
        "official statistics; SEVERE, Table 4.2",
        {"train": Counts(168913, 174), "test": Counts(24777, 174)},
    )


def _bare(template: str) -> str:
    return template.replace("[", "").replace("]", "").strip()


def _label(entry: Mapping[str, object], ids: Mapping[str, int], where: str) -> int:
    template = text_of(entry, "template", where)
    label = ids.get(_bare(template))
    if label is None:
        raise UserError(f"template {template!r} is not in the labels file", where, MEND)
    return label


SSV2 = official_adapter("ssv2", Ssv2Options, find, read, expected, always(174))
