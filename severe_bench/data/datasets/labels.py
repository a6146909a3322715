"""Class names and ids from the labels of a manifest."""

from collections.abc import Sequence

from severe_bench.core.errors import UserError
from severe_bench.core.registry import nearest
from severe_bench.data.datasets.rows import Row

Labels = tuple[tuple[str, ...], list[int | None]]


def class_ids(rows: Sequence[Row], names: tuple[str, ...] | None) -> Labels:
    """Class names in id order, and each row's id (None where the label is empty).

    With `names` a label is one of them, or else its 0-based id. Without, labels that are all whole
    numbers are ids and name themselves; other labels are names, sorted.

    Raises:
        UserError: with file and line, a label that is neither.
    """
    labels = [row.cells["label"] for row in rows]
    if names is None:
        names = _found(labels)
    ids = {str(number): number for number in range(len(names))}
    ids |= {name: number for number, name in enumerate(names)}
    return names, [_id(row, ids, names) for row in rows]


def _found(labels: Sequence[str]) -> tuple[str, ...]:
    distinct = sorted({label for label in labels if label})
    if distinct and all(label.isascii() and label.isdigit() for label in distinct):
        return tuple(str(number) for number in range(max(map(int, distinct)) + 1))
    return tuple(distinct)


def _id(row: Row, ids: dict[str, int], names: tuple[str, ...]) -> int | None:
    label = row.cells["label"]
    if not label:
        return None
    if label in ids:
        return ids[label]
    mend = f"{nearest(label, list(names))} (or an id from 0 to {len(names) - 1})"
    raise UserError(f"unknown label {label!r}", row.where, mend)
