from pathlib import Path

import pytest

from severe_bench.core.errors import UserError
from severe_bench.core.extras import BOXES, KEY_TIME, PROPOSALS, Box, Proposal, class_ids
from severe_bench.data.datasets.ava import read_action_list
from tests.data.datasets.files import fault, load, rows, touch, write

ACTIONS = (
    'label {\n  name: "bend/bow (at the waist)"\n  label_id: 1\n  label_type: PERSON_MOVEMENT\n}\n'
    "label { name: 'crouch'  id: 2 }\n"
    'label {\n name: "dance"\n id: 3\n}'
)
TRAIN = (
    "-5KQ66BBWC4,0902,0.077,0.151,0.283,0.811,3,1\n"
    "-5KQ66BBWC4,0902,0.077,0.151,0.283,0.811,1,1\n"
    "-5KQ66BBWC4,0902,0.332,0.194,0.481,0.891,2,0\n"
    "-5KQ66BBWC4,0903,0.077,0.151,0.283,0.811,1,1\n"
    "-5KQ66BBWC4,0904,0.0,0.0,1.0,1.0,1,1\n"
    "xyz,1798,,,,,,\n"
)
VAL = "film,0902,0.1,0.2,0.3,0.4,2,5"
DETECTED = (
    "film,0902,0.1,0.2,0.3,0.4,,0.95\n"
    "film,0902,0.5,0.2,0.6,0.4,,0.5\n"
    "film,0905,0.1,0.2,0.3,0.4,,0.9\n"
)


def official(folder: Path, **changed: str) -> Path:
    content = {
        "ava_action_list_v2.2.pbtxt": ACTIONS,
        "ava_train_v2.2.csv": TRAIN,
        "ava_val_v2.2.csv": VAL,
        "ava_train_excluded_timestamps_v2.2.csv": "-5KQ66BBWC4,0904\nother,1000\n",
        "ava_val_excluded_timestamps_v2.2.csv": "film,0999",
    }
    return write(folder, {f"ava/{name}": text for name, text in {**content, **changed}.items()})


def test_boxes_at_key_frames(tmp_path: Path) -> None:
    dataset = load("ava", official(tmp_path))
    assert dataset.classes == ("bend/bow (at the waist)", "crouch", "dance")
    assert rows(dataset) == [
        ("-5KQ66BBWC4,0902", None, "train"),
        ("-5KQ66BBWC4,0903", None, "train"),
        ("xyz,1798", None, "train"),
        ("film,0902", None, "test"),
    ]
    first, _, empty, last = dataset.records
    assert BOXES.of(first) == (
        Box(0.077, 0.151, 0.283, 0.811, (0, 2), "1"),
        Box(0.332, 0.194, 0.481, 0.891, (1,), "0"),
    )
    assert class_ids(first) == {0, 1, 2}
    assert BOXES.of(empty) == ()
    assert (KEY_TIME.of(last), last.path, last.group) == (902.0, "film.mp4", "film")
    assert "proposals" not in last.extras
    root = touch(tmp_path / "v", "film.mkv")
    assert load("ava", official(tmp_path), root).records[3].path == "film.mkv"


def test_detector_boxes(tmp_path: Path) -> None:
    folder = official(tmp_path, **{"ava_detection_val_boxes_and_labels.csv": DETECTED})
    dataset = load("ava", folder)
    shown, unseen = dataset.of("test")
    assert PROPOSALS.of(shown) == (Proposal(0.1, 0.2, 0.3, 0.4, 0.95),)
    assert (unseen.sample, BOXES.of(unseen)) == ("film,0905", ())
    assert len(PROPOSALS.of(load("ava", folder, min_score=0.4).of("test")[0])) == 2
    with pytest.raises(UserError, match="has no proposals"):
        PROPOSALS.of(dataset.of("train")[0])


def test_person_ids_are_not_taken_for_scores(tmp_path: Path) -> None:
    folder = official(tmp_path, **{"ava_detection_val_boxes_and_labels.csv": VAL})
    assert "score 5 lies outside 0 to 1; the last column may be a person id" in fault("ava", folder)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("film,0903,0.1,0.2,0.3,0.4,4,5", "label 4 lies outside 1 to 3"),
        ("film,0903,0.1,0.2,0.3,0.4,0,5", "label 0 lies outside 1 to 3"),
        ("film,0903,0.4,0.2,0.3,0.4,1,5", "is not x1 <= x2"),
        ("film,0903,0.1,0.2,0.3,1.4,1,5", "is not x1 <= x2, y1 <= y2 within 0 to 1"),
        ("film,soon,0.1,0.2,0.3,0.4,1,5", "second 'soon' is not a whole number"),
        ("film,0903,0.1,0.2,0.3", "5 values, not 8"),
        ("film", "is not a video and a second"),
    ],
)
def test_damaged_rows(tmp_path: Path, line: str, said: str) -> None:
    text = fault("ava", official(tmp_path, **{"ava_val_v2.2.csv": f"{VAL}\r\n{line}\r\n"}))
    assert "ava_val_v2.2.csv:2: " in text
    assert said in text


def test_action_list_of_the_challenge_has_gaps(tmp_path: Path) -> None:
    path = write(tmp_path, {"a.pbtxt": ACTIONS.replace("id: 2", "id: 5")}) / "a.pbtxt"
    with pytest.raises(UserError, match="without a gap"):
        read_action_list(path)
    path.write_text("label { id: 1 }")
    with pytest.raises(UserError, match="lacks name or id"):
        read_action_list(path)
