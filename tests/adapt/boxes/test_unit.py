from typing import Any

import pytest

from severe_bench.adapt.boxes.asked import asked
from severe_bench.adapt.boxes.unit import BOX, examples, rows
from severe_bench.adapt.unit import UNITS
from severe_bench.core.errors import UserError
from severe_bench.core.extras import BOXES, KEY_TIME, PROPOSALS, Box, Proposal
from severe_bench.core.record import Record, Split
from severe_bench.tasks.ava_detection import AVA_DETECTION, AvaDetectionOptions

PERSON = Box(0.0, 0.0, 0.5, 1.0, (1, 2), "a")
NEAR = Proposal(0.0, 0.0, 0.5, 0.95, 0.97)
FAR = Proposal(0.5, 0.0, 1.0, 1.0, 0.95)
UNSURE = Proposal(0.0, 0.0, 0.5, 1.0, 0.89)


def options(**rest: Any) -> dict[str, Any]:
    return AVA_DETECTION.unit_options(AvaDetectionOptions(**rest))


def frame(split: Split, *boxes: Box, name: str = "f") -> Record:
    extras = {**KEY_TIME.set(1.0), **BOXES.set(boxes), **PROPOSALS.set((NEAR, FAR, UNSURE))}
    return Record(name, "v.mp4", None, split, extras=extras)


def test_is_registered() -> None:
    assert UNITS.get("box") is BOX


def test_training_boxes_are_the_annotated_ones_by_default() -> None:
    (found,) = examples([frame("train", PERSON)], options())
    assert BOXES.of(found) == (PERSON,)


def test_matched_proposals_come_with_the_classes_of_their_box() -> None:
    (found,) = examples([frame("train", PERSON)], options(train_proposals="matched"))
    assert BOXES.of(found) == (PERSON, Box(0.0, 0.0, 0.5, 0.95, (1, 2)))


def test_all_proposals_bring_persons_who_do_nothing() -> None:
    (found,) = examples([frame("train", PERSON)], options(train_proposals="all"))
    assert [box.labels for box in BOXES.of(found)] == [(1, 2), (1, 2), ()]
    (found,) = examples([frame("train")], options(train_proposals="all"))
    assert [box.labels for box in BOXES.of(found)] == [(), ()]


def test_what_matches_and_who_is_sure_can_be_said() -> None:
    loose = options(train_proposals="matched", match_overlap=0.96, min_score=0.8)
    (found,) = examples([frame("train", PERSON)], loose)
    assert len(BOXES.of(found)) == 2
    assert asked(found)[1] == (0.0, 0.0, 0.5, 1.0)


def test_training_frames_without_boxes_are_left_out_and_one_must_be_left() -> None:
    both = [frame("train", name="empty"), frame("train", PERSON)]
    assert [record.sample for record in examples(both, options())] == ["f"]
    with pytest.raises(UserError, match="no training frame has a box"):
        examples(both[:1], options())


def test_test_boxes_are_sure_proposals_and_truths_stay() -> None:
    (found,) = examples([frame("test", PERSON)], options())
    assert PROPOSALS.of(found) == (NEAR, FAR)
    assert BOXES.of(found) == (PERSON,)
    assert asked(found) == ((0.0, 0.0, 0.5, 0.95), (0.5, 0.0, 1.0, 1.0))
    (found,) = examples([frame("test", PERSON)], options(test_boxes="annotated"))
    assert asked(found) == ((0.0, 0.0, 0.5, 1.0),)


def test_a_test_list_without_a_sure_proposal_is_refused() -> None:
    with pytest.raises(UserError, match=r"no test frame has a box .*min_score"):
        examples([frame("test", PERSON)], options(min_score=0.99))
    unsure = Record("u", "v.mp4", None, "test", extras=PROPOSALS.set((UNSURE,)))
    some = examples([frame("test", PERSON), unsure], options())
    assert [len(asked(record)) for record in some] == [2, 0]


def test_a_dataset_without_proposals_is_refused() -> None:
    alone = Record("f", "v.mp4", None, "test", extras=BOXES.set((PERSON,)))
    with pytest.raises(UserError, match="has no proposals"):
        examples([alone], options())
    assert len(examples([alone], options(test_boxes="annotated"))) == 1


def test_every_box_is_a_row_that_asks_about_itself() -> None:
    frames = examples([frame("test", PERSON)], options())
    found = rows(frames)
    assert [row.sample for row in found] == ["f#0", "f#1"]
    assert tuple(asked(row)[0] for row in found) == asked(frames[0])
    found = rows(examples([frame("train", PERSON, PERSON)], options()))
    assert [asked(row) for row in found] == [((0.0, 0.0, 0.5, 1.0),)] * 2
