import json
from pathlib import Path

import pytest

from tests.data.datasets.files import digest, fault, load, problems, rows, touch, write

V, W = "A0xAXXysHUo", "_1_E_2_-wXy"  # the second video id looks like a clip


def clip(video: str, n: int) -> str:
    return f"{video}_E_002184_002237_A_{n:04d}_{n + 5:04d}"


LABELS = (0, 5, 6, 16, 17, 40, 41, 73, 74, 88, 89, 98)
TRAIN = "".join(f"{clip(V, n)}.avi {label}\n" for n, label in enumerate(LABELS)).rstrip("\n")
VAL = f"{clip(W, 0)}.avi 0\n{clip(W, 1)}.avi 16\n{clip(W, 2)}.avi 88\n"


def official(folder: Path, of: str = "gym99", train: str = TRAIN, val: str = VAL) -> Path:
    return write(folder, {f"{of}_train.txt": train, f"{of}_val.txt": val})


def test_whole_list(tmp_path: Path) -> None:
    dataset = load("gym99", official(tmp_path))
    assert len(dataset.classes) == 99
    assert [label for _, label, _ in rows(dataset)] == [*LABELS, 0, 16, 88]
    first, last = dataset.records[0], dataset.records[-1]
    assert first.sample == f"{clip(V, 0)}.avi"  # as in the list: the budget lists need it
    assert first.path == f"{clip(V, 0)}.mp4"
    assert (first.group, last.group) == (V, W)
    assert (first.split, last.split) == ("train", "test")


@pytest.mark.parametrize(
    ("name", "n_classes", "train", "test"),
    [
        ("gym_vault", 6, [0, 5], [0]),
        ("gym_floor", 35, [0, 10, 11, 34], [10]),
        ("gym_fx_s1", 11, [0, 10], [10]),
        ("gym_ub_s1", 15, [0, 14], [14]),
    ],
)
def test_parts_have_their_own_ids(
    tmp_path: Path, name: str, n_classes: int, train: list[int], test: list[int]
) -> None:
    dataset = load(name, official(tmp_path))
    assert len(dataset.classes) == n_classes
    assert [record.label for record in dataset.of("train")] == train
    assert [record.label for record in dataset.of("test")] == test


def test_official_file_names_without_extension_and_class_names(tmp_path: Path) -> None:
    folder = write(
        tmp_path,
        {
            "gym288_train_element_v1.0.txt": f"{clip(V, 0)} 287",
            "gym288_train_element_v1.1.txt": f"{clip(V, 0)} 1\n{clip(V, 1)} 1",
            "gym288_val_element.txt": f"{clip(W, 0)} 0\r\n",
            "gym288_categories.txt": "Clabel: 287; set: 2; Glabel: 5; (UB) giant circle, 1 turn\n",
        },
    )
    dataset = load("gym288", folder)
    assert rows(dataset) == [(clip(V, 0), 287, "train"), (clip(W, 0), 0, "test")]
    assert dataset.classes[287] == "(UB) giant circle, 1 turn"
    assert dataset.classes[138] == "gym288 138"


def test_trimmed_videos_are_found_whatever_the_list_calls_them(tmp_path: Path) -> None:
    root = touch(tmp_path / "v", f"sub/{clip(V, 0)}.mp4", f"sub/{clip(V, 1)}.avi")
    dataset = load("gym_vault", official(tmp_path / "l"), root)
    assert [record.path for record in dataset.of("train")] == [
        f"sub/{clip(V, 0)}.mp4",
        f"sub/{clip(V, 1)}.avi",
    ]


def times(stages: object) -> str:
    elements = {clip(V, n).partition("_A_")[2]: {"timestamps": stages} for n in range(len(LABELS))}
    segments = {f"A_{name}": {**entry, "stages": 1} for name, entry in elements.items()}
    event = {"event": 1, "timestamps": [[2184.25, 2237.5]], "segments": segments}
    other = {f"A_000{n}_000{n + 5}": {"timestamps": [[0.0, 2.5]], "stages": 1} for n in range(3)}
    return json.dumps(
        {
            V: {"E_002184_002237": event},
            W: {"E_002184_002237": {**event, "segments": other}},
        }
    )


def test_ranges_of_long_videos(tmp_path: Path) -> None:
    folder = official(tmp_path / "l")
    write(
        folder, {"finegym_annotation_info_v1.0.json": times([[1.0, 1.5], [1.5, 3.0], [3.0, 7.5]])}
    )
    root = touch(tmp_path / "v", f"{V}.webm", f"{W}.mp4")
    dataset = load("gym_vault", folder, root, videos="long")
    first, _, last = dataset.records
    assert (first.path, first.start, first.end) == (f"{V}.webm", 2185.25, 2191.75)
    assert (last.path, last.start, last.end) == (f"{W}.mp4", 2184.25, 2186.75)
    assert rows(dataset) == rows(load("gym_vault", folder))
    assert digest("gym_vault", folder, videos="long") != digest("gym_vault", folder)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (times([[3.0, 1.0]]), "ends at 2185.25 s"),
        (times([]), "no times for clip"),
        (times([[1.0]]), "is not [start, end]"),
        (times([["a", 1.0]]), "time 'a' is not a number"),
        (json.dumps({V: {"E_002184_002237": {"timestamps": [[1, 2]]}}}), "no 'segments' for clip"),
        (json.dumps({"other": {}}), f"no '{V}' for clip"),
    ],
)
def test_damaged_times(tmp_path: Path, content: str, said: str) -> None:
    folder = write(official(tmp_path), {"annotation.json": content})
    text = fault("gym99", folder, videos="long")
    assert "gym99_train.txt:1: " in text
    assert said in text


@pytest.mark.parametrize(
    ("name", "line", "said"),
    [
        ("gym99", f"{clip(V, 50)}.avi 99", "label 99 lies outside 0 to 98"),
        ("gym_vault", f"{clip(V, 50)}.avi -1", "label -1 lies outside"),
        ("gym99", f"{clip(V, 50)}.avi", "is not a FineGym clip and its label"),
        ("gym99", f"{V}_E_1_2.avi 3", "is not a FineGym clip and its label"),
        ("gym_vault", f"{clip(V, 9)} 50", "is listed twice"),
    ],
)
def test_damaged_lines(tmp_path: Path, name: str, line: str, said: str) -> None:
    text = fault(name, official(tmp_path, train=f"{TRAIN}\n{line}"))
    assert f"gym99_train.txt:{len(LABELS) + 1}: " in text
    assert said in text


def test_missing_lists(tmp_path: Path) -> None:
    folder = official(tmp_path)
    assert "gym288_train" in problems("gym288", folder)[0]
    assert problems("gym_floor", folder) == []
    assert "annotation.json" in problems("gym_floor", folder, videos="long")[0]
