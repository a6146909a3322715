"""Boxes of a manifest's samples, in a file of JSON lines beside it.

The form is described in `manifest.py`.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from severe_bench.core.errors import UserError
from severe_bench.core.extras import BOXES, PROPOSALS, TUBES, Box, Proposal, Tube
from severe_bench.core.frozen import Frozen
from severe_bench.data.datasets.labels import Vocabulary

COLUMNS = frozenset(key.name for key in (BOXES, PROPOSALS, TUBES))


def _in_frame(corners: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = corners
    if not (0 <= x1 < x2 <= 1 and 0 <= y1 < y2 <= 1):
        raise ValueError(f"{list(corners)} is not x1 < x2, y1 < y2 in fractions of the frame")
    return corners


Corners = Annotated[tuple[float, float, float, float], AfterValidator(_in_frame)]
Name = str | int
Index = Annotated[int, Field(ge=0)]


class _Box(Frozen):
    box: Corners
    labels: tuple[Name, ...]
    person: Name | None = None


class _Proposal(Frozen):
    box: Corners
    score: float = Field(ge=0, le=1)


class _Tube(Frozen):
    label: Name
    frames: tuple[Index, ...] = Field(min_length=1)
    boxes: tuple[Corners, ...]

    @model_validator(mode="after")
    def _fit(self) -> Self:
        if len(self.frames) != len(self.boxes):
            raise ValueError(f"{len(self.boxes)} boxes for {len(self.frames)} frames")
        if any(after <= before for before, after in pairwise(self.frames)):
            raise ValueError("its frames do not rise")
        return self


class _Line(Frozen):
    sample: str = Field(min_length=1)
    boxes: tuple[_Box, ...] | None = None
    proposals: tuple[_Proposal, ...] | None = None
    tubes: tuple[_Tube, ...] | None = None


@dataclass(frozen=True)
class Boxed:
    """The boxes of one sample, classes still by name.

    Args:
        where: `file:line`.
        line: what it says.
    """

    where: str
    line: _Line

    @property
    def sample(self) -> str:
        """The sample that they belong to."""
        return self.line.sample

    def label_names(self) -> Iterator[str]:
        """Every class that is named."""
        yield from (str(name) for box in self.line.boxes or () for name in box.labels)
        yield from (str(tube.label) for tube in self.line.tubes or ())

    def extras(self, classes: Vocabulary) -> dict[str, object]:
        """What is stated, as extras of a record.

        Raises:
            UserError: an unknown class.
        """
        found: dict[str, object] = {}
        if self.line.boxes is not None:
            found |= BOXES.set(tuple(self._box(box, classes) for box in self.line.boxes))
        if self.line.proposals is not None:
            found |= PROPOSALS.set(tuple(Proposal(*p.box, p.score) for p in self.line.proposals))
        if self.line.tubes is not None:
            found |= TUBES.set(
                tuple(
                    Tube(classes.id_of(str(tube.label), self.where), tube.frames, tube.boxes)
                    for tube in self.line.tubes
                )
            )
        return found

    def _box(self, box: _Box, classes: Vocabulary) -> Box:
        ids = sorted({classes.id_of(str(name), self.where) for name in box.labels})
        return Box(*box.box, tuple(ids), None if box.person is None else str(box.person))


def read_sidecar(path: Path) -> dict[str, Boxed]:
    """The boxes by sample; empty where there is no such file.

    Raises:
        UserError: with file and line, the first thing that is wrong.
    """
    found: dict[str, Boxed] = {}
    if not path.is_file():
        return found
    for boxed in _lines(path):
        if boxed.sample in found:
            first = found[boxed.sample].where.rpartition(":")[2]
            what = f"sample {boxed.sample!r} is also in line {first}"
            raise UserError(what, boxed.where, "put its boxes into one line")
        found[boxed.sample] = boxed
    return found


def _lines(path: Path) -> Iterator[Boxed]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError("is not UTF-8 text", str(path), "save it as UTF-8") from error
    # Not splitlines(): that also splits at characters that occur inside names.
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            where = f"{path}:{number}"
            yield Boxed(where, _parsed(line, where))


def _parsed(text: str, where: str) -> _Line:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise UserError(f"is not JSON: {error}", where, "one object per line") from error
    if not isinstance(value, Mapping):
        raise UserError("is not a JSON object", where, 'write {"sample": ..., "boxes": [...]}')
    try:
        return _Line.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        message = first["msg"].removeprefix("Value error, ")
        raise UserError(f"{place}: {message}", where, "see docs/own-data.md") from error
