from pathlib import Path

import pytest

from tests.data.datasets.files import fault, load, rows, touch, write

HEADER = "label,youtube_id,time_start,time_end,split,is_cc\n"
TRAIN = (
    HEADER + '"playing guitar",---QUuC4vJs,84,94,train,0\nabseiling,0wR5jVB-WPk,417,427,train,0\n'
)
VAL = HEADER + '"making ""hot"", sweet tea",abc,0,10,validate,0\nabseiling,_x_000001_0,7,17,val,1'


@pytest.mark.parametrize(
    ("train", "val"),
    [
        ("train.csv", "validate.csv"),
        ("kinetics_400_train.csv", "kinetics_400_val.csv"),
        ("kinetics-400_train.csv", "kinetics-400_validate.csv"),
        ("kinetics400_train.csv", "kinetics400_val.csv"),
        ("kinetics_train.csv", "kinetics_val.csv"),
    ],
)
def test_official_tables(tmp_path: Path, train: str, val: str) -> None:
    dataset = load("kinetics400", write(tmp_path, {train: TRAIN, f"k400/{val}": VAL}))
    assert dataset.classes == ("abseiling", 'making "hot", sweet tea', "playing guitar")
    assert rows(dataset) == [
        ("---QUuC4vJs_000084_000094", 2, "train"),
        ("0wR5jVB-WPk_000417_000427", 0, "train"),
        ("abc_000000_000010", 1, "test"),
        ("_x_000001_0_000007_000017", 0, "test"),
    ]
    assert dataset.records[0].path == "playing guitar/---QUuC4vJs_000084_000094.mp4"
    assert dataset.records[3].group == "_x_000001_0"


def test_reference_lists_keep_their_ids(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "lists",
        {
            "train_videofolder.txt": "playing_guitar/aaa_000001_000011 300 2\nb c/d e 20 0\n",
            "val_videofolder.txt": "abseiling/bbb_000001_000011 250 3",
        },
    )
    dataset = load("kinetics400", folder)
    assert dataset.classes == ("b c", "class 1", "playing_guitar", "abseiling")
    assert rows(dataset) == [
        ("aaa_000001_000011", 2, "train"),
        ("d e", 0, "train"),
        ("bbb_000001_000011", 3, "test"),
    ]
    assert dataset.records[0].group == "aaa"
    root = touch(
        tmp_path / "videos",
        "train/playing guitar/aaa_000001_000011.webm",
        "val/abseiling/bbb_000001_000011.avi",
    )
    paths = [record.path for record in load("kinetics400", folder, root).records]
    assert paths[0] == "train/playing guitar/aaa_000001_000011.webm"
    assert paths[2] == "val/abseiling/bbb_000001_000011.avi"


def test_toolbox_lists_have_no_frame_counts(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        {
            "kinetics400_train_list_videos.txt": "a b/x 1.mp4 0\nc/y.mp4 1",
            "kinetics400_val_list_videos.txt": "c/z.mp4 1",
        },
    )
    assert rows(load("kinetics400", folder)) == [
        ("x 1", 0, "train"),
        ("y", 1, "train"),
        ("z", 1, "test"),
    ]


@pytest.mark.parametrize(
    ("train", "said"),
    [
        (TRAIN + "abseiling,x,10,10,train,0\n", "train.csv:4: the clip ends at 10 s"),
        (TRAIN + "abseiling,x,ten,20,train,0\n", "train.csv:4: time_start 'ten' is not a number"),
        (TRAIN + "abseiling,x,10\n", "train.csv:4: 3 values for 6 columns"),
        (TRAIN + ",x,10,20,train,0\n", "train.csv:4: a label or youtube_id is empty"),
        (TRAIN + TRAIN.splitlines()[2], "train.csv:4: clip '0wR5jVB-WPk_000417_000427'"),
        (TRAIN.replace("youtube_id", "id"), "train.csv:1: no column 'youtube_id'"),
        (TRAIN + '"abseiling,x,10,20', "train.csv:4: is not CSV"),
    ],
)
def test_damaged_tables(tmp_path: Path, train: str, said: str) -> None:
    assert said in fault("kinetics400", write(tmp_path, {"train.csv": train, "val.csv": VAL}))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a/x 10", "label 0 stands for 'a' and for 'b'"),
        ("b/x 10 zero", "is not a whole number"),
        ("x 10 1", "is not 'class/clip [frames] label'"),
        ("a/x 10 -1", "label -1 is negative"),
    ],
)
def test_damaged_lists(tmp_path: Path, line: str, said: str) -> None:
    train = f"a/y 10 0\n{line}" if "10 " in line else "a/y 10 0\nb/x 0"
    folder = write(tmp_path, {"train_videofolder.txt": train, "val_videofolder.txt": "a/z 10 0"})
    text = fault("kinetics400", folder)
    assert "train_videofolder.txt:2: " in text
    assert said in text


def test_one_list_missing(tmp_path: Path) -> None:
    assert "val.csv" in fault("kinetics400", write(tmp_path / "a", {"train.csv": TRAIN}))
    folder = write(tmp_path / "b", {"val_videofolder.txt": "a/z 10 0"})
    assert "train_videofolder.txt" in fault("kinetics400", folder)


IDS = {"train_ytid_list.txt": "0wR5jVB-WPk\r\n---QUuC4vJs", "val_ytid_list.txt": "_x_000001_0\n"}


def test_mini_kinetics_takes_labels_from_kinetics(tmp_path: Path) -> None:
    dataset = load("mini_kinetics", write(tmp_path, {**IDS, "train.csv": TRAIN, "val.csv": VAL}))
    assert dataset.classes == ("abseiling", "playing guitar")
    assert rows(dataset) == [
        ("0wR5jVB-WPk_000417_000427", 0, "train"),
        ("---QUuC4vJs_000084_000094", 1, "train"),
        ("_x_000001_0_000007_000017", 0, "test"),
    ]


def test_mini_kinetics_refuses_what_kinetics_does_not_have(tmp_path: Path) -> None:
    files = {**IDS, "train.csv": TRAIN, "val.csv": VAL}
    files["val_ytid_list.txt"] += "gone\n"
    folder = write(tmp_path, files)
    assert "val_ytid_list.txt:2: the list of Kinetics-400 has no video 'gone'" in fault(
        "mini_kinetics", folder
    )
    write(folder, {"val_ytid_list.txt": "_x_000001_0\n_x_000001_0"})
    assert "val_ytid_list.txt:2: video '_x_000001_0' is listed twice" in fault(
        "mini_kinetics", folder
    )


def test_a_clip_in_both_lists_is_refused(tmp_path: Path) -> None:
    val = VAL + "\nabseiling,0wR5jVB-WPk,417,427,val,0"
    folder = write(tmp_path, {"train.csv": TRAIN, "val.csv": val})
    assert "is in the training and in the test list" in fault("kinetics400", folder)
