"""AVA v2.2: 80 atomic actions of persons in boxes, at one key frame per second of a film.

Files, those in CSV without header: `ava_{train,val}_v2.2.csv` (video, second, x1, y1, x2, y2,
action, person; boxes in fractions of the frame), `ava_{train,val}_excluded_timestamps_v2.2.csv`
(video, second); `ava_action_list_v2.2.pbtxt`, which gives the names only and may be missing;
optional detector boxes `ava_detection_{train,val}_boxes_and_labels*.csv` (as above, the last
column is the score). The validation list is the test set. One record is one key frame.
"""

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import Field

from severe_bench.core.errors import UserError
from severe_bench.core.extras import BOXES, KEY_TIME, PROPOSALS, Box, Proposal
from severe_bench.core.frozen import Frozen
from severe_bench.core.record import SPLITS, Record, Split
from severe_bench.data.adapter import Known, Location
from severe_bench.data.datasets.finding import Shelf
from severe_bench.data.datasets.official import Sources, Table, official_adapter
from severe_bench.data.datasets.reading import (
    MEND,
    class_id,
    iterate_bare_csv,
    read_bare_csv,
    read_text,
    real_number,
    under_root,
    whole_number,
)
from severe_bench.data.expected import Counts, Expected

BLOCK = re.compile(r"\{(.*?)\}", re.DOTALL)
NAME = re.compile(r'\bname:\s*(?:"(?P<double>[^"]*)"|\'(?P<single>[^\']*)\')')
ID = re.compile(r"\b(?:label_)?id:\s*(\d+)")
FILE_SPLIT: Mapping[Split, str] = {"train": "train", "test": "val"}
N_ACTIONS = 80
BOX_COLUMNS = 6  # video, second and four coordinates

Frame = tuple[str, int]
Corners = tuple[float, float, float, float]


class AvaOptions(Frozen):
    """How detector boxes are used, where their files are there.

    Args:
        min_score: of a detector box; 0.9 as in SEVERE and SlowFast.
    """

    min_score: float = Field(default=0.9, ge=0, le=1)


def find(_: AvaOptions, shelf: Shelf) -> Sources:
    """Lists and excluded times; names and detector boxes where they are there."""
    names = shelf.maybe("ava_action_list_v2.2.pbtxt")
    files = {} if names is None else {"classes": names}
    for split in SPLITS:
        name = FILE_SPLIT[split]
        files[split] = shelf.one(f"ava_{name}_v2.2.csv")
        files[f"{split}_excluded"] = shelf.one(f"ava_{name}_excluded_timestamps_v2.2.csv")
        boxes = shelf.maybe(f"ava_detection_{name}_boxes_and_labels*.csv")
        if boxes is not None:
            files[f"{split}_proposals"] = boxes
    return Sources(files)


def read(options: AvaOptions, sources: Sources) -> Table:
    """The key frames that are not excluded; the group is the film.

    A test frame in which only the detector saw a person is there too, without boxes: what a model
    says of it counts as wrong.
    """
    names = sources.files.get("classes")
    numbered = tuple(f"action {number}" for number in range(1, N_ACTIONS + 1))
    classes = numbered if names is None else read_action_list(names)
    records = [
        record for split in SPLITS for record in _of_split(split, options, sources, len(classes))
    ]
    return Table(classes, tuple(records))


def read_action_list(path: Path) -> tuple[str, ...]:
    """Names in id order from blocks of `name` and `id` (or `label_id`), ids from 1 on.

    Raises:
        UserError: a block without either, or ids with a gap (as in the list of 60 classes).
    """
    names: dict[int, str] = {}
    for block in BLOCK.findall(read_text(path)):
        name, number = NAME.search(block), ID.search(block)
        if name is None or number is None:
            raise UserError(f"{block.strip()!r} lacks name or id", str(path), MEND)
        names[int(number[1])] = name["double"] or name["single"] or ""
    if not names or set(names) != set(range(1, len(names) + 1)):
        raise UserError("its ids do not run from 1 without a gap", str(path), MEND)
    return tuple(names[number] for number in sorted(names))


def expected(_: AvaOptions) -> Expected:
    """Classes only."""
    return Expected("Gu et al. 2018 (80 classes)", {"train": Counts(), "test": Counts()})


def known(_: AvaOptions, location: Location) -> Known:
    """Boxes in key frames, and a detector's where its file for the test frames is there."""
    detector = frozenset[str]() if _lacks_detector(location) else {PROPOSALS.name}
    return Known(classes=N_ACTIONS, targets=frozenset({BOXES.name, KEY_TIME.name} | detector))


def _lacks_detector(location: Location) -> bool:
    try:
        shelf = Shelf.of(location, "ava")
    except UserError:  # the files are not here, and `problems` says so
        return False
    test = FILE_SPLIT["test"]
    there = shelf.all(f"ava_{test}_v2.2.csv")
    return bool(there) and not shelf.all(f"ava_detection_{test}_boxes_and_labels*.csv")


def _of_split(
    split: Split, options: AvaOptions, sources: Sources, n_classes: int
) -> Iterator[Record]:
    excluded = {
        _frame(cells, where) for cells, where in read_bare_csv(sources.files[f"{split}_excluded"])
    }
    boxes = _boxes(sources.files[split], n_classes)
    proposals = _proposals(sources.files.get(f"{split}_proposals"), options.min_score)
    frames = dict.fromkeys((*boxes, *(proposals if split == "test" else ())))
    for video in dict.fromkeys(video for video, _ in frames):
        under_root(video, str(sources.files[split]))
    for frame in frames:
        if frame not in excluded:
            has_detector = f"{split}_proposals" in sources.files
            found = proposals.get(frame, ()) if has_detector else None
            yield _record(frame, split, boxes.get(frame, ()), found)


def _record(
    frame: Frame, split: Split, boxes: Sequence[Box], proposals: Sequence[Proposal] | None
) -> Record:
    video, second = frame
    extras = {**BOXES.set(tuple(boxes)), **KEY_TIME.set(float(second))}
    if proposals is not None:
        extras |= PROPOSALS.set(tuple(proposals))
    name = f"{video},{second:04d}"
    return Record(name, f"{video}.mp4", None, split, group=video, extras=extras)


def _boxes(path: Path, n_classes: int) -> dict[Frame, list[Box]]:
    """Boxes by frame, in file order; rows of one person's box are put together."""
    labels: dict[Frame, dict[tuple[Corners, str | None], set[int]]] = {}
    for cells, where in iterate_bare_csv(path):
        people = labels.setdefault(_frame(cells, where), {})
        if len(cells) == 2 or not any(cell.strip() for cell in cells[2:]):
            continue  # a frame without persons
        if len(cells) not in (7, 8):
            raise UserError(f"{len(cells)} values, not 8", where, MEND)
        person = cells[7].strip() if len(cells) == 8 else None
        label = class_id(cells[6].strip(), n_classes, where, first=1)
        people.setdefault((_corners(cells, where), person), set()).add(label)
    return {
        frame: [Box(*corners, tuple(sorted(ids)), person) for (corners, person), ids in who.items()]
        for frame, who in labels.items()
    }


def _proposals(path: Path | None, min_score: float) -> dict[Frame, list[Proposal]]:
    found: dict[Frame, list[Proposal]] = {}
    for cells, where in iterate_bare_csv(path) if path else ():
        if len(cells) <= BOX_COLUMNS:
            raise UserError(f"{len(cells)} values, no score", where, MEND)
        score = real_number(cells[-1].strip(), "score", where)
        if not 0 <= score <= 1:
            what = f"score {score:g} lies outside 0 to 1; the last column may be a person id"
            raise UserError(what, where, "use the file of detector boxes")
        corners = _corners(cells, where)
        if score >= min_score:
            found.setdefault(_frame(cells, where), []).append(Proposal(*corners, score))
    return {frame: list(dict.fromkeys(boxes)) for frame, boxes in found.items()}


def _frame(cells: Sequence[str], where: str) -> Frame:
    if len(cells) < 2:
        raise UserError(f"{cells} is not a video and a second", where, MEND)
    video = sys.intern(cells[0].strip())  # a few hundred films, a million rows
    return video, whole_number(cells[1].strip(), "second", where)


def _corners(cells: Sequence[str], where: str) -> Corners:
    x1, y1, x2, y2 = (real_number(cell, "coordinate", where) for cell in cells[2:BOX_COLUMNS])
    if not (0 <= x1 <= x2 <= 1 and 0 <= y1 <= y2 <= 1):
        what = f"box ({x1:g}, {y1:g}, {x2:g}, {y2:g}) is not x1 <= x2, y1 <= y2 within 0 to 1"
        raise UserError(what, where, MEND)
    return x1, y1, x2, y2


AVA = official_adapter("ava", AvaOptions, find, read, expected, known)
