"""Official paths in the layouts that people have, and nothing but the video that was meant."""

from pathlib import Path

import pytest

from severe_bench.core.errors import UserError
from severe_bench.core.record import Record
from severe_bench.data.adapter import Location
from severe_bench.data.check import check_dataset
from severe_bench.data.datasets.relocation import resolved
from tests.data.datasets.files import touch
from tests.data.datasets.test_ucf101 import official

UCF = ["Bow/v_Bow_g01.avi", "Bow/v_Bow_g02.avi", "YoYo/v_YoYo_g01.avi"]
NUMBERS = ["1.webm", "2.webm", "3.webm"]


def found(root: Path, listed: list[str], *files: str) -> list[str]:
    touch(root, *files)
    return [r.path for r in resolved([Record(p, p, 0, "train") for p in listed], root)]


HONEST = {
    "as listed": UCF,
    "another container": [path.replace("avi", "mp4") for path in UCF],
    "mixed containers": [UCF[0], *(path.replace("avi", "webm") for path in UCF[1:])],
    "another case": [path.lower() for path in UCF],
    "a folder more": [f"UCF-101/{path}" for path in UCF],
    "two folders more, another container": [f"a/b/{p.replace('avi', 'mkv')}" for p in UCF],
    "flat": [path.rpartition("/")[2] for path in UCF],
    "flat in a folder": [f"clips/{path.rpartition('/')[2]}" for path in UCF],
    "in folders of splits": [
        f"{s}_256/{p}" for s, p in zip(("train", "val", "test"), UCF, strict=True)
    ],
    "a folder within": [path.replace("/", "/rgb/") for path in UCF],
}


@pytest.mark.parametrize("kind", HONEST)
def test_honest_layouts(tmp_path: Path, kind: str) -> None:
    assert found(tmp_path, UCF, *HONEST[kind]) == HONEST[kind]


@pytest.mark.parametrize("kind", HONEST)
def test_in_an_honest_layout_a_missing_video_is_missing(tmp_path: Path, kind: str) -> None:
    assert found(tmp_path, UCF, *HONEST[kind][:2]) == [*HONEST[kind][:2], UCF[2]]


def test_folders_in_another_spelling(tmp_path: Path) -> None:
    files = ["train/playing_guitar/a.mp4", "val/Abseiling/b.mp4"]
    assert found(tmp_path, ["playing guitar/a.mp4", "abseiling/b.mp4"], *files) == files


def test_folders_left_out(tmp_path: Path) -> None:
    listed = ["P01/videos/P01_01.MP4", "P02/videos/P02_07.MP4"]
    files = ["epic/P01/P01_01.mp4", "epic/P02/P02_07.mp4"]
    assert found(tmp_path, listed, *files) == files


@pytest.mark.parametrize("other", ["flow_x/{}", "small/deep/{}"])
def test_another_tree_does_not_stand_in(tmp_path: Path, other: str) -> None:
    files = [*UCF[:2], *map(other.format, UCF)]
    assert found(tmp_path, UCF, *files) == UCF


def test_a_video_in_another_folder_does_not_stand_in(tmp_path: Path) -> None:
    flat = UCF[2].rpartition("/")[2]
    assert found(tmp_path, UCF, *UCF[:2], flat) == UCF


def test_numbers_of_another_dataset_do_not_stand_in(tmp_path: Path) -> None:
    assert found(tmp_path / "a", NUMBERS, "1.webm", "2.webm", "jester/3.webm") == NUMBERS
    inside = [f"20bn/{name}" for name in NUMBERS]
    assert found(tmp_path / "b", NUMBERS, *inside) == inside
    with pytest.raises(UserError, match=r"several layouts: 20bn/1\.webm, jester/3\.webm; point"):
        found(tmp_path / "c", NUMBERS, *inside[:2], "jester/3.webm")
    assert found(tmp_path / "d", ["dive/1.mp4"], "other/1.mp4", "1.mp4") == ["dive/1.mp4"]


def test_two_trees_are_refused_by_name(tmp_path: Path) -> None:
    files = [f"{tree}/{path}" for tree in ("flow", "rgb") for path in UCF]
    with pytest.raises(UserError, match=r"several videos .*flow/Bow/v_Bow_g01\.avi, rgb/Bow"):
        found(tmp_path, UCF, *files)
    with pytest.raises(UserError, match=r"several videos for 'a\.avi': a\.mkv, a\.mp4"):
        found(tmp_path / "two", ["a.avi"], "a.mp4", "a.mkv")


def test_what_has_no_video_in_its_layout_is_missing_in_the_check(tmp_path: Path) -> None:
    lists = official(tmp_path / "lists")
    root = tmp_path / "videos"
    there = "YoYo/v_YoYo_g25_c02.avi"
    lost = "ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi"
    touch(root, there, f"flow_x/{lost}", f"flow_x/{there}")
    check = check_dataset("ucf101", {}, Location(root, lists))
    assert check.problem is None
    assert lost in check.splits["train"].missing
    assert there not in check.splits["train"].missing
