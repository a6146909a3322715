from pathlib import Path

import pytest

from severe_bench.core.extras import DURATION, LABELS, SPANS, Span, class_ids
from tests.data.datasets.files import fault, load, rows, touch, write

HEADER = "id,subject,scene,quality,relevance,verified,script,objects,descriptions,actions,length\n"
TRAIN = (
    HEADER
    + 'YSKX3,HR43,Bedroom,6,7,Yes,"A person, ""sleepy"", wakes.\nThen sits.",bed;door,x;y,'
    + "c002 11.90 21.20;c000 0.00 12.60;c002 30 31.5,33.5\n"
    + "0BNML,ABCD,Kitchen,,7,Yes,plain,cup,z,,24.0\n"
)
TEST = HEADER + "W1UEB,FRLW,Kitchen,6,7,Yes,plain,cup,z,c001 0.0 5.5,9.25"
CLASSES = "c000 Holding some clothes\nc001 Putting clothes somewhere\nc002 Taking some clothes\n"


def official(folder: Path, train: str = TRAIN, classes: str = CLASSES) -> Path:
    return write(
        folder,
        {
            "Charades/Charades_v1_train.csv": train,
            "Charades/Charades_v1_test.csv": TEST,
            "Charades/Charades_v1_classes.txt": classes,
        },
    )


def test_labels_and_spans(tmp_path: Path) -> None:
    dataset = load("charades", official(tmp_path))
    assert dataset.classes[1] == "Putting clothes somewhere"
    assert rows(dataset) == [
        ("YSKX3", None, "train"),
        ("0BNML", None, "train"),
        ("W1UEB", None, "test"),
    ]
    first, second, _ = dataset.records
    assert LABELS.of(first) == (0, 2)
    assert SPANS.of(first) == (Span(2, 11.9, 21.2), Span(0, 0.0, 12.6), Span(2, 30.0, 31.5))
    assert DURATION.of(first) == 33.5
    assert (LABELS.of(second), SPANS.of(second)) == ((), ())
    assert class_ids(first) == {0, 2}
    assert (first.path, first.group, first.start) == ("YSKX3.mp4", "HR43", None)
    root = touch(tmp_path / "v", "Charades_v1_480/YSKX3.mp4")
    assert load("charades", official(tmp_path), root).records[0].path == "Charades_v1_480/YSKX3.mp4"


@pytest.mark.parametrize(
    ("actions", "said"),
    [
        ("c003 0.0 1.0", "class 'c003' is not in the class list"),
        ("c001 0.0", "action 'c001 0.0' is not 'c000 start end'"),
        ("c001 0.0 end", "time 'end' is not a number"),
        ("c001 nan 1.0", "time 'nan' is not a number"),
    ],
)
def test_damaged_actions(tmp_path: Path, actions: str, said: str) -> None:
    text = fault("charades", official(tmp_path, train=f"{TRAIN}X,Y,,,,,,,,{actions},3.0\n"))
    assert "Charades_v1_train.csv:5: " in text  # a quoted cell above spans two lines
    assert said in text


def test_other_damage(tmp_path: Path) -> None:
    assert "listed twice" in fault(
        "charades", official(tmp_path, train=TRAIN + TRAIN[len(HEADER) :])
    )
    assert "Charades_v1_train.csv:2: is not CSV" in fault(
        "charades", official(tmp_path, train=TRAIN[:140])
    )
    assert "c001 <name>" in fault(
        "charades", official(tmp_path, classes=CLASSES.replace("c001", "c004"))
    )
    assert "length '' is not" in fault(
        "charades", official(tmp_path, train=TRAIN.replace("24.0", ""))
    )
