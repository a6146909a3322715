import json
from pathlib import Path

import pytest

from tests.data.datasets.files import fault, load, rows, touch, write

VOCABULARY = [
    ["Back", "15som", "05Twis", "FREE"],
    ["Back", "15som", "15Twis", ""],
    ["Forward", "25som", "NoTwis", "PIKE"],
]


def dive(name: str, label: object) -> dict[str, object]:
    return {"vid_name": name, "label": label, "start_frame": 0, "end_frame": 90}


def official(folder: Path, train: object, test: object, vocabulary: object = VOCABULARY) -> Path:
    return write(
        folder,
        {
            "Diving48_V2_train.json": json.dumps(train),
            "Diving48_V2_test.json": json.dumps(test),
            "Diving48_vocab.json": json.dumps(vocabulary),
        },
    )


def test_a_class_without_a_sample_keeps_its_id(tmp_path: Path) -> None:
    folder = official(
        tmp_path, [dive("-8Vy_1_00001", 2), dive("-8Vy_1_00002", 0)], [dive("abc_00000", 2)]
    )
    dataset = load("diving48", folder)
    assert dataset.classes == (
        "Back 15som 05Twis FREE",
        "Back 15som 15Twis",
        "Forward 25som NoTwis PIKE",
    )
    assert rows(dataset) == [
        ("-8Vy_1_00001", 2, "train"),
        ("-8Vy_1_00002", 0, "train"),
        ("abc_00000", 2, "test"),
    ]
    assert [record.group for record in dataset.records] == ["-8Vy_1", "-8Vy_1", "abc"]
    assert dataset.records[0].start is None  # the files are trimmed already
    root = touch(tmp_path / "rgb", "-8Vy_1_00001.mp4")
    assert load("diving48", folder, root).records[0].path == "-8Vy_1_00001.mp4"


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (dive("x", 3), "label 3 lies outside 0 to 2"),
        (dive("x", -1), "label -1 lies outside"),
        (dive("x", True), "label True is not a whole number"),
        (dive("x", 1.5), "label 1.5 is not a whole number"),
        ({"vid_name": "x"}, "label None is not a whole number"),
        (dive("a", 0), "video 'a' is listed twice"),
        (dive("/etc/x", 0), "does not lie under the root"),
    ],
)
def test_damaged_entries(tmp_path: Path, entry: object, said: str) -> None:
    text = fault("diving48", official(tmp_path, [dive("a", 1)], [entry]))
    assert "Diving48_V2_test.json: entry 1: " in text
    assert said in text


def test_damaged_vocabulary(tmp_path: Path) -> None:
    assert "entry 2" in fault("diving48", official(tmp_path, [], [], [["a"], "b"]))
    assert "is not a JSON list" in fault("diving48", official(tmp_path, [], [], {"a": 1}))
