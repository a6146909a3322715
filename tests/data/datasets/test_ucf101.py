from pathlib import Path

import pytest

from tests.data.datasets.files import digest, fault, load, problems, rows, touch, write

CLASSES = "1 ApplyEyeMakeup\n2 HandstandPushups\n3 YoYo\n"
TRAIN = (
    "ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi 1\n"
    "HandstandPushups/v_HandStandPushups_g08_c01.avi 2\n"
    "YoYo/v_YoYo_g25_c02.avi 3\n"
)
TEST = (
    "ApplyEyeMakeup/v_ApplyEyeMakeup_g01_c01.avi\nHandstandPushups/v_HandStandPushups_g01_c01.avi"
)
LISTS = "ucfTrainTestlist"


def official(folder: Path, **changed: str | bytes) -> Path:
    content = {"classInd": CLASSES, "trainlist01": TRAIN, "testlist01": TEST, **changed}
    return write(folder, {f"{LISTS}/{name}.txt": text for name, text in content.items()})


def test_labels_come_from_folders_in_class_list_order(tmp_path: Path) -> None:
    dataset = load("ucf101", official(tmp_path))
    assert dataset.classes == ("ApplyEyeMakeup", "HandstandPushups", "YoYo")
    assert rows(dataset) == [
        ("ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi", 0, "train"),
        ("HandstandPushups/v_HandStandPushups_g08_c01.avi", 1, "train"),
        ("YoYo/v_YoYo_g25_c02.avi", 2, "train"),
        ("ApplyEyeMakeup/v_ApplyEyeMakeup_g01_c01.avi", 0, "test"),
        ("HandstandPushups/v_HandStandPushups_g01_c01.avi", 1, "test"),
    ]
    assert dataset.records[2].group == "v_YoYo_g25"


@pytest.mark.parametrize(
    "mangle",
    [
        lambda text: text.replace("\n", "\r\n"),
        lambda text: text.rstrip("\n"),
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", " \n\n"),
    ],
    ids=["crlf", "no final newline", "byte-order mark", "blanks"],
)
def test_the_same_table_however_the_text_was_saved(tmp_path: Path, mangle) -> None:  # noqa: ANN001
    plain = load("ucf101", official(tmp_path / "plain"))
    changed = {
        "classInd": mangle(CLASSES),
        "trainlist01": mangle(TRAIN),
        "testlist01": mangle(TEST),
    }
    assert load("ucf101", official(tmp_path / "mangled", **changed)).records == plain.records


def test_class_order_is_the_lists_not_the_alphabet(tmp_path: Path) -> None:
    folder = official(
        tmp_path,
        classInd="1 YoYo\n2 Archery\n",
        trainlist01="YoYo/v_YoYo_g08_c01.avi 1",
        testlist01="Archery/v_Archery_g01_c01.avi",
    )
    assert [label for _, label, _ in rows(load("ucf101", folder))] == [0, 1]


@pytest.mark.parametrize("fold", [2, 3])
def test_folds(tmp_path: Path, fold: int) -> None:
    folder = official(
        tmp_path,
        **{
            f"trainlist0{fold}": "YoYo/v_YoYo_g01_c01.avi 3",
            f"testlist0{fold}": "YoYo/v_YoYo_g09_c01.avi",
        },
    )
    assert [sample for sample, _, _ in rows(load("ucf101", folder, fold=fold))] == [
        "YoYo/v_YoYo_g01_c01.avi",
        "YoYo/v_YoYo_g09_c01.avi",
    ]
    assert digest("ucf101", folder, fold=fold) != digest("ucf101", folder)


def test_videos_are_found_in_other_containers_and_spellings(tmp_path: Path) -> None:
    root = touch(
        tmp_path / "videos",
        "UCF-101/ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.mp4",
        "UCF-101/HandStandPushups/v_HandstandPushups_g08_c01.avi",
        "UCF-101/YoYo/v_YoYo_g25_c02.avi",
    )
    dataset = load("ucf101", official(tmp_path / "lists"), root)
    assert dataset.root == root
    assert [record.path for record in dataset.records] == [
        "UCF-101/ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.mp4",
        "UCF-101/HandStandPushups/v_HandstandPushups_g08_c01.avi",
        "UCF-101/YoYo/v_YoYo_g25_c02.avi",
        "ApplyEyeMakeup/v_ApplyEyeMakeup_g01_c01.avi",  # not there: as the list has it
        "HandstandPushups/v_HandStandPushups_g01_c01.avi",
    ]
    assert rows(dataset) == rows(load("ucf101", official(tmp_path / "lists")))


def test_two_candidates_for_one_video_are_refused(tmp_path: Path) -> None:
    root = touch(tmp_path / "videos", *(f"{d}/YoYo/v_YoYo_g25_c02.avi" for d in ("a", "b")))
    assert "several videos" in fault("ucf101", official(tmp_path / "lists"), root)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"trainlist01": TRAIN + "Archery/v_Archery_g08_c01.avi 4\n"},
            "trainlist01.txt:4: class 'Archery' is not in",
        ),
        (
            {"trainlist01": TRAIN.replace("avi 2", "avi 3")},
            "trainlist01.txt:2: class id 3 is not that of",
        ),
        ({"trainlist01": TRAIN.replace("avi 2", "avi two")}, "trainlist01.txt:2: class id 'two'"),
        ({"trainlist01": TRAIN[:-12]}, "trainlist01.txt:3: 'YoYo/v_YoYo_g2' is not"),
        (
            {"trainlist01": TRAIN + TRAIN.splitlines()[0]},
            "trainlist01.txt:4: video 'ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi' is listed",
        ),
        ({"testlist01": TRAIN.splitlines()[0][:-2]}, "testlist01.txt:1: video 'ApplyEyeMakeup"),
        ({"classInd": CLASSES.replace("2 ", "4 ")}, "classInd.txt:2: '4 HandstandPushups' is not"),
        ({"classInd": CLASSES + "4 YoYo\n"}, "classInd.txt:4: class 'yoyo' is listed twice"),
        ({"testlist01": ""}, "testlist01.txt: is empty"),
        ({"testlist01": b"\xff\xfe\x00"}, "testlist01.txt:1: is not UTF-8 text"),
        ({"testlist01": TEST.encode() + b"\n\x00\x00"}, "testlist01.txt:3: holds a NUL byte"),
        ({"testlist01": "../v_X_g01_c01.avi"}, "testlist01.txt:1: "),
    ],
)
def test_damaged_files(tmp_path: Path, changed: dict[str, str | bytes], said: str) -> None:
    assert said in fault("ucf101", official(tmp_path, **changed))


def test_a_missing_file_is_a_problem_and_a_fault(tmp_path: Path) -> None:
    folder = official(tmp_path)
    assert problems("ucf101", folder) == []
    (folder / LISTS / "testlist01.txt").unlink()
    assert "testlist01.txt" in problems("ucf101", folder)[0]
    assert "testlist01.txt" in fault("ucf101", folder)
    videos, lists = problems("ucf101", None)
    assert "no folder with the videos of ucf101" in videos
    assert "no folder with the annotations of ucf101" in lists
    assert "is not a folder" in problems("ucf101", folder / "none")[0]


def test_digest_follows_bytes_and_not_places(tmp_path: Path) -> None:
    first = digest("ucf101", official(tmp_path / "a"))
    assert first == digest(
        "ucf101",
        write(
            tmp_path / "b",
            {"classInd.txt": CLASSES, "trainlist01.txt": TRAIN, "testlist01.txt": TEST},
        ),
    )
    assert first != digest("ucf101", official(tmp_path / "c", testlist01=TEST + "\n"))


def test_several_files_of_a_name(tmp_path: Path) -> None:
    folder = official(tmp_path)
    write(
        folder,
        {"__MACOSX/classInd.txt": "x", f"{LISTS}/._classInd.txt": "x", "deep/er/classInd.txt": "x"},
    )
    assert len(load("ucf101", folder).records) == 5
    write(folder, {"ntu/classInd.txt": "1 Other"})
    assert "several different files" in fault("ucf101", folder)
    write(folder, {"ntu/classInd.txt": CLASSES})
    assert len(load("ucf101", folder).records) == 5
