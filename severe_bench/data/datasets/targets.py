"""Targets in the columns of a manifest: parsed, checked, named with file and line.

The forms are described in `manifest.py`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from severe_bench.core.errors import UserError
from severe_bench.core.extras import (
    COUNT,
    DURATION,
    KEY_TIME,
    LABELS,
    NOUN,
    SPANS,
    STARTS,
    STOP,
    VERB,
    Key,
    Span,
)
from severe_bench.data.datasets.labels import Vocabulary
from severe_bench.data.datasets.rows import Row, seconds_in

NUMBER = r"\d+(?:\.\d*)?"
SPAN = re.compile(rf"(?P<name>.+)@(?P<start>{NUMBER})-(?P<end>{NUMBER})")
SLACK = 1e-3
"""Seconds by which a span may end after the video, for times written with few decimals."""


@dataclass(frozen=True)
class Words:
    """The vocabularies of a manifest."""

    classes: Vocabulary
    verbs: Vocabulary
    nouns: Vocabulary


@dataclass(frozen=True)
class NamedSpan:
    """One action as the cell states it: its class by name or id, start and end in seconds."""

    name: str
    start: float
    end: float


def target_columns(header: Mapping[str, object]) -> frozenset[str]:
    """Which of the columns state targets.

    `count` does where `starts` or `stop` stands beside it; alone it is a column like any other.
    """
    always = {key.name for key in (VERB, NOUN, LABELS, SPANS, DURATION, KEY_TIME, STARTS, STOP)}
    named = always & set(header)
    return frozenset(named | {COUNT.name} if named & {STARTS.name, STOP.name} else named)


def label_names(row: Row) -> Iterator[str]:
    """Every class that the row names, whatever for.

    Raises:
        UserError: a span of another form.
    """
    yield row.cells["label"]
    yield from _parts(row, LABELS.name)
    yield from (span.name for span in _spans(row))


def targets_of(row: Row, words: Words) -> dict[str, object]:
    """The extras that the row's target columns state.

    Raises:
        UserError: with file and line, what is wrong.
    """
    return {
        **_word(row, VERB, words.verbs),
        **_word(row, NOUN, words.nouns),
        **_timed(row, words.classes),
        **_key_time(row),
        **_repetitions(row),
    }


def _word(row: Row, key: Key[int], words: Vocabulary) -> Mapping[str, object]:
    text = row.cells.get(key.name)
    return key.set(words.id_of(text, row.where)) if text else {}


def _timed(row: Row, classes: Vocabulary) -> Mapping[str, object]:
    """Labels, spans and duration; labels that are not stated are those of the spans."""
    extras: dict[str, object] = {}
    duration = seconds_in(row.cells, DURATION.name, row.where)
    if duration is not None:
        extras |= DURATION.set(duration)
    spans = tuple(
        Span(classes.id_of(span.name, row.where), start, end)
        for span in _spans(row, duration)
        for start, end in _within(row, span)
    )
    if SPANS.name in row.cells:
        extras |= SPANS.set(spans)
    if LABELS.name in row.cells:
        ids = {classes.id_of(name, row.where) for name in _parts(row, LABELS.name)}
        extras |= LABELS.set(tuple(sorted(ids)))
    elif SPANS.name in row.cells:
        extras |= LABELS.set(tuple(sorted({span.label for span in spans})))
    return extras


def _within(row: Row, span: NamedSpan) -> Iterator[tuple[float, float]]:
    """The part of a span that the row's range shows, if any."""
    start = max(span.start, row.start or 0.0)
    end = span.end if row.end is None else min(span.end, row.end)
    if end > start:
        yield start, end


def _spans(row: Row, duration: float | None = None) -> Iterator[NamedSpan]:
    for part in _parts(row, SPANS.name):
        match = SPAN.fullmatch(part)
        if match is None:
            mend = "write it like jump@1.5-2.75"
            raise UserError(f"span {part!r} is not name@start-end in seconds", row.where, mend)
        span = NamedSpan(match["name"].strip(), float(match["start"]), float(match["end"]))
        if span.end <= span.start:
            raise UserError(f"span {part!r} does not end after its start", row.where, "mend it")
        if duration is not None and span.end > duration + SLACK:
            what = f"span {part!r} ends after the video's duration of {duration:g} s"
            raise UserError(what, row.where, "mend the span or the duration")
        yield span


def _key_time(row: Row) -> Mapping[str, object]:
    time = seconds_in(row.cells, KEY_TIME.name, row.where)
    return {} if time is None else KEY_TIME.set(time)


def _repetitions(row: Row) -> Mapping[str, object]:
    """Count, starts and stop; all three, or the count alone, or nothing."""
    if not {STARTS.name, STOP.name} & set(row.cells):
        return {}
    count = _whole(row, COUNT.name, row.cells.get(COUNT.name, ""))
    if count == 0:
        mend = "leave the cell empty for a video that was not counted"
        raise UserError("count is 0, not at least 1", row.where, mend)
    starts = tuple(_frame(row, STARTS.name, part) for part in _parts(row, STARTS.name))
    stop = _whole(row, STOP.name, row.cells.get(STOP.name, ""))
    if not starts and stop is None:
        return {} if count is None else COUNT.set(count)
    if not starts or stop is None:
        raise UserError("starts and stop need each other", row.where, "fill in both or neither")
    _check_frames(row, (*starts, stop))
    if count not in (None, len(starts)):
        what = f"count {count} does not agree with {len(starts)} starts"
        raise UserError(what, row.where, "one of them is wrong; the count may be left out")
    return {**COUNT.set(len(starts)), **STARTS.set(starts), **STOP.set(stop)}


def _check_frames(row: Row, frames: tuple[int, ...]) -> None:
    for before, after in pairwise(frames):
        if after <= before:
            mend = "list the first frame of each repetition in order, then the last frame of all"
            raise UserError(f"frame {after} does not come after {before}", row.where, mend)


def _whole(row: Row, column: str, text: str) -> int | None:
    return _frame(row, column, text) if text else None


def _frame(row: Row, column: str, text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        mend = "count frames from 0"
        raise UserError(f"{column} {text!r} is not a whole number", row.where, mend)
    return int(text)


def _parts(row: Row, column: str) -> list[str]:
    """What stands between the semicolons of a cell; blanks are passed over."""
    text = row.cells.get(column, "")
    return [part.strip() for part in text.split(";") if part.strip()]
