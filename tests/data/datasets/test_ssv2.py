import json
from pathlib import Path

import pytest

from tests.data.datasets.files import fault, load, rows, touch, write

LABELS = {
    "Holding something": "1",
    "Approaching something with your camera": "0",
    "Unused thing": "2",
}
TRAIN = [
    {
        "id": "78687",
        "label": "holding a potato",
        "template": "Holding [something]",
        "placeholders": ["a potato"],
    },
    {
        "id": "42326",
        "label": "x",
        "template": "Approaching [something] with your camera",
        "placeholders": [],
    },
]
VALIDATION = [
    {
        "id": "74225",
        "label": 'holding, "a" cup',
        "template": "Holding [something]",
        "placeholders": ["cup"],
    }
]


def official(
    folder: Path,
    prefix: str = "",
    labels: object = LABELS,
    train: object = TRAIN,
    validation: object = VALIDATION,
) -> Path:
    return write(
        folder,
        {
            f"labels/{prefix}labels.json": json.dumps(labels),
            f"labels/{prefix}train.json": json.dumps(train, indent=1),
            f"labels/{prefix}validation.json": json.dumps(validation),
            f"labels/{prefix}test.json": '[{"id": "1"}]',
        },
    )


@pytest.mark.parametrize("prefix", ["", "something-something-v2-"])
def test_the_class_is_the_template_without_brackets(tmp_path: Path, prefix: str) -> None:
    dataset = load("ssv2", official(tmp_path, prefix))
    assert dataset.classes == (
        "Approaching something with your camera",
        "Holding something",
        "Unused thing",
    )
    assert rows(dataset) == [("78687", 1, "train"), ("42326", 0, "train"), ("74225", 1, "test")]
    assert dataset.records[0].path == "78687.webm"


def test_webm_and_its_conversions_are_found(tmp_path: Path) -> None:
    root = touch(tmp_path / "v", "20bn/78687.webm", "20bn/42326.avi", "20bn/74225.mp4")
    dataset = load("ssv2", official(tmp_path / "lists"), root)
    assert [record.path for record in dataset.records] == [
        "20bn/78687.webm",
        "20bn/42326.avi",
        "20bn/74225.mp4",
    ]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"train": [*TRAIN, TRAIN[0]]}, "train.json: entry 3: video '78687' is listed twice"),
        (
            {"train": [*TRAIN, {**TRAIN[0], "id": "1", "template": "Eating [it]"}]},
            "train.json: entry 3: template 'Eating [it]'",
        ),
        ({"train": [{"id": "1"}]}, "train.json: entry 1: 'template' is None"),
        ({"train": [{"template": "Holding something"}]}, "train.json: entry 1: 'id' is None"),
        ({"train": ["1"]}, "train.json: entry 1: is not a JSON object"),
        ({"train": {}}, "train.json: is not a JSON list"),
        ({"labels": []}, "labels.json: is not a JSON object"),
        ({"labels": {"a": "0", "b": "0"}}, "labels.json: id 0 is given twice"),
        ({"labels": {"a": "0", "b": "2"}}, "labels.json: label 2 lies outside 0 to 1"),
    ],
)
def test_damaged_files(tmp_path: Path, changed: dict[str, object], said: str) -> None:
    assert said in fault("ssv2", official(tmp_path, **changed))


def test_truncated_json_names_the_line(tmp_path: Path) -> None:
    folder = official(tmp_path)
    path = folder / "labels/train.json"
    text = path.read_text()[:150]
    path.write_text(text)
    assert f"train.json:{text.count(chr(10)) + 1}: is not JSON" in fault("ssv2", folder)
