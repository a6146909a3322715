"""Targets beyond one class, as they stand in `Record.extras`: the keys, their types and meaning.

Boxes are in fractions of the frame, so that they hold for a prepared copy of any size; times are
in seconds of the video that `Record.path` names.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Generic, TypeVar, cast

from severe_bench.core.errors import UserError
from severe_bench.core.record import Record

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Span:
    """One action of a multi-label video: class id, start and end in seconds."""

    label: int
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Box:
    """One person at one moment.

    Args:
        x1, y1, x2, y2: left, top, right, bottom, as fractions of the frame.
        labels: class ids, ascending.
        person: id of the person within the video, or None.
    """

    x1: float
    y1: float
    x2: float
    y2: float
    labels: tuple[int, ...]
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """One box of a person detector, in fractions of the frame, with its score in [0, 1]."""

    x1: float
    y1: float
    x2: float
    y2: float
    score: float


@dataclass(frozen=True, slots=True)
class Tube:
    """One actor through consecutive frames.

    Args:
        label: class id.
        frames: frame indices, 0-based, ascending.
        boxes: (x1, y1, x2, y2) per frame, as fractions of the frame.
    """

    label: int
    frames: tuple[int, ...]
    boxes: tuple[tuple[float, float, float, float], ...]


@dataclass(frozen=True)
class Key(Generic[T]):
    """One key of `Record.extras`.

    Example:
        >>> COUNT.of(Record("v", "v.avi", None, "test", extras=COUNT.set(3)))
        3
    """

    name: str
    meaning: str

    def of(self, record: Record) -> T:
        """The value.

        Raises:
            UserError: this dataset does not have it.
        """
        if self.name not in record.extras:
            raise UserError(
                f"sample {record.sample!r} has no {self.name} ({self.meaning})",
                mend="choose a dataset that has it",
            )
        return cast(T, record.extras[self.name])

    def set(self, value: T) -> Mapping[str, object]:
        """Extras that hold this value."""
        return {self.name: value}


VERB: Key[int] = Key("verb", "verb class id")
NOUN: Key[int] = Key("noun", "noun class id")
LABELS: Key[tuple[int, ...]] = Key("labels", "class ids of a multi-label video, ascending")
SPANS: Key[tuple[Span, ...]] = Key("spans", "actions with their times, in file order")
DURATION: Key[float] = Key("duration", "length of the whole video in seconds, as annotated")
KEY_TIME: Key[float] = Key("key_time", "time of the annotated frame in seconds")
BOXES: Key[tuple[Box, ...]] = Key("boxes", "persons in the annotated frame")
PROPOSALS: Key[tuple[Proposal, ...]] = Key("proposals", "detector boxes in the annotated frame")
TUBES: Key[tuple[Tube, ...]] = Key("tubes", "actors through the video")
COUNT: Key[int] = Key("count", "number of repetitions, at least 1")
STARTS: Key[tuple[int, ...]] = Key("starts", "first frame of each repetition, 0-based")
STOP: Key[int] = Key("stop", "last frame of the last repetition, 0-based")
REVERSED: Key[bool] = Key("reversed", "whether its frames are to be read last first")
DIFFICULTY: Key[float] = Key("difficulty", "degree of difficulty of a dive")
SCORE: Key[float] = Key("score", "score that the judges gave")

LABEL: Final = "label"
"""`Record.label`, where targets are told of by name."""


def class_ids(record: Record) -> frozenset[int]:
    """Every class id that a record carries, whatever its task."""
    ids: set[int] = set() if record.label is None else {record.label}
    if LABELS.name in record.extras:
        ids.update(LABELS.of(record))
    if BOXES.name in record.extras:
        ids.update(label for box in BOXES.of(record) for label in box.labels)
    return frozenset(ids)
