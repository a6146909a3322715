"""A row for every box: the vector of its region in the clip around its key frame."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from severe_bench.adapt.unit import Extraction, Unit
from severe_bench.core.errors import UserError
from severe_bench.core.extras import BOXES, PROPOSALS, Box, Proposal
from severe_bench.core.record import Record
from severe_bench.metrics.overlap import box_iou

if TYPE_CHECKING:
    from severe_bench.adapt.parts import Rows


def examples(records: Sequence[Record], options: Mapping[str, Any]) -> tuple[Record, ...]:
    """Key frames with the boxes that are trained or tested on.

    Training frames have them in `BOXES`: the annotated ones and those of the detector's that the
    options let in; frames without any are left out. Test frames have theirs in `PROPOSALS`, and
    what is to be found in `BOXES`.

    Args:
        records: of one split.
        options: `train_proposals`, `match_overlap`, `test_boxes`, `min_score` of the task.

    Raises:
        UserError: a record has no boxes or no proposals, or no frame of a split has any.
    """
    test = tuple(_tested(record, options) for record in records if record.split == "test")
    listed = [_trained(record, options) for record in records if record.split == "train"]
    train = tuple(record for record in listed if BOXES.of(record))
    if listed and not train:
        raise UserError("no training frame has a box", mend="check the annotation or the budget")
    if test and not any(PROPOSALS.of(record) for record in test):
        what = "no test frame has a box to be asked about"
        raise UserError(what, mend="lower task_options.min_score, or check the detector's file")
    return train + test


def rows(frames: Sequence[Record]) -> tuple[Record, ...]:
    """One record for each box of the frames that `examples` gives, frame after frame."""
    return tuple(row for frame in frames for row in _rows(frame))


def row_name(frame: Record, place: int) -> str:
    """Name of the row of a frame's box."""
    return f"{frame.sample}#{place}"


def _tested(record: Record, options: Mapping[str, Any]) -> Record:
    if options["test_boxes"] == "annotated":
        found = tuple(Proposal(b.x1, b.y1, b.x2, b.y2, 1.0) for b in BOXES.of(record))
    else:
        found = _sure(record, options)
    return replace(record, extras={**record.extras, **PROPOSALS.set(found)})


def _trained(record: Record, options: Mapping[str, Any]) -> Record:
    annotated = BOXES.of(record)
    if options["train_proposals"] == "none":
        return record
    added = [
        Box(p.x1, p.y1, p.x2, p.y2, labels)
        for p in _sure(record, options)
        if (labels := _labels(p, annotated, options["match_overlap"]))
        or options["train_proposals"] == "all"
    ]
    return replace(record, extras={**record.extras, **BOXES.set((*annotated, *added))})


def _sure(record: Record, options: Mapping[str, Any]) -> tuple[Proposal, ...]:
    return tuple(p for p in PROPOSALS.of(record) if p.score >= options["min_score"])


def _labels(proposal: Proposal, boxes: Sequence[Box], overlap: float) -> tuple[int, ...]:
    """Classes of the annotated box that a proposal overlaps most, if it does so enough."""
    if not boxes:
        return ()
    corners = np.array([[box.x1, box.y1, box.x2, box.y2] for box in boxes])
    found = box_iou(np.array([[proposal.x1, proposal.y1, proposal.x2, proposal.y2]]), corners)[0]
    best = int(found.argmax())
    return boxes[best].labels if found[best] >= overlap else ()


def _rows(frame: Record) -> Iterator[Record]:
    key = BOXES if frame.split == "train" else PROPOSALS
    found: Sequence[object] = key.of(frame)
    for place, box in enumerate(found):
        extras = {**frame.extras, key.name: (box,)}
        yield replace(frame, sample=row_name(frame, place), extras=extras)


def _blocks(extraction: Extraction, first: int) -> "Iterator[Rows]":
    from severe_bench.adapt.boxes.features import box_blocks

    return box_blocks(extraction, first)


def _one_clip(_: Mapping[str, Any]) -> int:
    return 1


BOX = Unit("box", _blocks, examples, rows, clips=_one_clip)
