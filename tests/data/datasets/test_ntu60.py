from pathlib import Path

import pytest

from severe_bench.data.datasets.ntu60 import TRAIN_PERSONS
from tests.data.datasets.files import digest, fault, load, problems, rows, touch, write

TRAIN = "drink/S001C001P001R001A001_rgb.avi \njump/S001C002P038R002A060_rgb.avi \n"
TEST = "drink/S001C003P003R001A001_rgb.avi"


def test_lists(tmp_path: Path) -> None:
    folder = write(tmp_path, {"trainlist01.txt": TRAIN, "testlist01.txt": TEST})
    dataset = load("ntu60", folder)
    assert rows(dataset) == [
        ("drink/S001C001P001R001A001_rgb.avi", 0, "train"),
        ("jump/S001C002P038R002A060_rgb.avi", 59, "train"),
        ("drink/S001C003P003R001A001_rgb.avi", 0, "test"),
    ]
    assert len(dataset.classes) == 60
    assert [record.group for record in dataset.records] == ["P001", "P038", "P003"]


def test_names_of_the_videos_alone(tmp_path: Path) -> None:
    root = touch(
        tmp_path,
        "nturgb+d_rgb/S001C001P001R001A001_rgb.avi",
        "nturgb+d_rgb/S001C001P003R001A002_rgb.avi",
        "nturgb+d_rgb/S018C001P001R001A061_rgb.avi",  # NTU RGB+D 120
        "nturgb+d_rgb/readme.avi",
    )
    dataset = load("ntu60", root)
    assert rows(dataset) == [
        ("S001C001P001R001A001_rgb.avi", 0, "train"),
        ("S001C001P003R001A002_rgb.avi", 1, "test"),
    ]
    assert dataset.records[0].path == "nturgb+d_rgb/S001C001P001R001A001_rgb.avi"
    moved = touch(tmp_path / "again", "S001C001P001R001A001_rgb.mp4", "S001C001P003R001A002.avi")
    assert rows(load("ntu60", moved)) == rows(dataset)
    assert digest("ntu60", moved) == digest("ntu60", root)
    assert load("ntu60", moved).records[0].path == "S001C001P001R001A001_rgb.mp4"


def test_names_of_all_persons_and_cameras(tmp_path: Path) -> None:
    names = [f"S001C{c:03d}P{p:03d}R001A001_rgb.avi" for p in range(1, 41) for c in (1, 2, 3)]
    root = touch(tmp_path, *names)
    by_person = load("ntu60", root)
    assert {int(record.group[1:]) for record in by_person.of("train") if record.group} == (
        TRAIN_PERSONS
    )
    assert (len(by_person.of("train")), len(by_person.of("test"))) == (60, 60)
    by_view = load("ntu60", root, protocol="cross_view")
    assert {record.sample[5:8] for record in by_view.of("test")} == {"001"}
    assert (len(by_view.of("train")), len(by_view.of("test"))) == (80, 40)


@pytest.mark.parametrize(
    ("test", "said"),
    [
        (
            "a/S001C001P001R001A001_rgb.avi",
            "testlist01.txt:1: 'a/S001C001P001R001A001_rgb.avi' bel",
        ),
        ("a/S001C001P003R001A061_rgb.avi", "testlist01.txt:1: label 61 lies outside 1 to 60"),
        ("a/S001C001P003R001A000_rgb.avi", "testlist01.txt:1: label 0 lies outside 1 to 60"),
        ("a/S001C001P003_rgb.avi", "testlist01.txt:1: 'a/S001C001P003_rgb.avi' is not 'Sss"),
        (f"{TEST}\n\n{TEST}", "testlist01.txt:3: video 's001c003p003r001a001_rgb.avi' is listed"),
    ],
)
def test_damaged_lists(tmp_path: Path, test: str, said: str) -> None:
    folder = write(tmp_path, {"trainlist01.txt": TRAIN, "testlist01.txt": test})
    assert said in fault("ntu60", folder)


def test_class_names_and_incomplete_folders(tmp_path: Path) -> None:
    files = {"trainlist01.txt": "a/S001C001P001R001A002_rgb.avi", "testlist01.txt": TEST}
    folder = write(tmp_path, {**files, "classInd.txt": "1 drink water\n2 eat meal"})
    assert load("ntu60", folder).classes == ("drink water", "eat meal")
    (folder / "testlist01.txt").unlink()
    assert "testlist01.txt" in problems("ntu60", folder)[0]
    assert "no videos of NTU" in problems("ntu60", touch(tmp_path / "empty", "a.avi"))[0]
