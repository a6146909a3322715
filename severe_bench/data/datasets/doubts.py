"""Likely slips in a dataset of one's own: test videos seen in training, odd class lists."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from math import inf

from severe_bench.core.errors import UserError
from severe_bench.core.extras import KEY_TIME, class_ids
from severe_bench.core.record import SPLITS, Dataset, Record
from severe_bench.data.datasets.rows import Row, seconds_in

Range = tuple[float, float]


def refuse_shared(rows: Iterable[Row]) -> None:
    """Refuse a training and a test sample that show the same moments of one video.

    Raises:
        UserError: two do; both lines are named.
    """
    of_video: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        of_video[row.path].append(row)
    for several in of_video.values():
        if len({row.split for row in several}) > 1:
            _refuse_overlaps(several)


def doubts(dataset: Dataset, *, named: bool) -> tuple[str, ...]:
    """What may be meant and mostly is not, each in words.

    Args:
        dataset: as its manifest has it.
        named: whether a file lists its classes.
    """
    found = [_shared_videos(dataset), _shared_groups(dataset), _alike(dataset.classes)]
    return tuple(text for text in [*found, "" if named else _unused(dataset)] if text)


def _refuse_overlaps(rows: Sequence[Row]) -> None:
    """Sweep by start: a range overlaps an earlier one of the other split that ends after it."""
    latest: dict[str, tuple[float, Row]] = {}
    for (start, end), row in sorted(((_range(row), row) for row in rows), key=lambda one: one[0]):
        other = next(split for split in SPLITS if split != row.split)
        if other in latest and latest[other][0] > start:
            first = latest[other][1].where.rpartition(":")[2]
            what = f"video {row.path!r} is shown in both splits, also in line {first}"
            raise UserError(what, row.where, "keep it in one split, or give ranges apart")
        if row.split not in latest or end > latest[row.split][0]:
            latest[row.split] = end, row


def _range(row: Row) -> Range:
    """What a row shows: its range, else the moment of its key frame, else all."""
    key = seconds_in(row.cells, KEY_TIME.name, row.where)
    if row.start is None and row.end is None and key is not None:
        return key, key + 1e-6
    return row.start or 0.0, inf if row.end is None else row.end


def _shared_videos(dataset: Dataset) -> str:
    shared = _shared((record.path, record) for record in dataset.records)
    if not shared:
        return ""
    return f"{len(shared)} video(s) are in both splits, in ranges apart, e.g. {shared[0]}"


def _shared_groups(dataset: Dataset) -> str:
    shared = _shared((r.group, r) for r in dataset.records if r.group is not None)
    if not shared:
        return ""
    return f"{len(shared)} group(s) are in both splits, e.g. {shared[0]}"


def _shared(pairs: Iterable[tuple[str, Record]]) -> list[str]:
    splits: dict[str, set[str]] = defaultdict(set)
    for name, record in pairs:
        splits[name].add(record.split)
    return [name for name, found in splits.items() if len(found) > 1]


def _alike(classes: Sequence[str]) -> str:
    spellings: dict[str, list[str]] = defaultdict(list)
    for name in classes:
        spellings[" ".join(name.casefold().split())].append(name)
    twice = [names for names in spellings.values() if len(names) > 1]
    if not twice:
        return ""
    names = " and ".join(map(repr, twice[0]))
    return f"{len(twice)} class(es) are spelt in several ways and counted apart, e.g. {names}"


def _unused(dataset: Dataset) -> str:
    """Classes without a sample come about where labels are ids and nobody lists the classes."""
    used = frozenset[int]().union(*map(class_ids, dataset.records))
    unused = [name for number, name in enumerate(dataset.classes) if number not in used]
    if not unused:
        return ""
    return (
        f"{len(unused)} class id(s) have no sample, e.g. {unused[0]}: without classes.txt, labels "
        "that are numbers are ids from 0"
    )
