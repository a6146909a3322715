from pathlib import Path

import pytest

from severe_bench.data.datasets.hmdb51 import source_video
from tests.data.datasets.files import fault, load, rows, touch, write

BRUSH = (
    "April_09_brush_hair_u_nm_np1_ba_goo_0.avi 1 \n"
    "April_09_brush_hair_u_nm_np1_ba_goo_1.avi 2 \n"
    "brushing_brush_hair_f_cm_np1_le_goo_0.avi 0 \n"
)
WAVE = "#20_wave_u_nm_np1_fr_med_3.avi 2\nBig [a]_wave_u_nm_np1_fr_med_0.avi 1"


def official(folder: Path, fold: int = 1, brush: str = BRUSH, wave: str = WAVE) -> Path:
    return write(
        folder,
        {
            f"testTrainMulti_7030_splits/brush_hair_test_split{fold}.txt": brush,
            f"testTrainMulti_7030_splits/wave_test_split{fold}.txt": wave,
        },
    )


@pytest.mark.parametrize("fold", [1, 2, 3])
def test_one_is_train_two_is_test_zero_is_unused(tmp_path: Path, fold: int) -> None:
    dataset = load("hmdb51", official(tmp_path, fold), fold=fold)
    assert dataset.classes == ("brush_hair", "wave")
    assert rows(dataset) == [
        ("brush_hair/April_09_brush_hair_u_nm_np1_ba_goo_0.avi", 0, "train"),
        ("wave/Big [a]_wave_u_nm_np1_fr_med_0.avi", 1, "train"),
        ("brush_hair/April_09_brush_hair_u_nm_np1_ba_goo_1.avi", 0, "test"),
        ("wave/#20_wave_u_nm_np1_fr_med_3.avi", 1, "test"),
    ]
    assert dataset.records[0].group == dataset.records[2].group == "April_09"


def test_source_video_of_names_that_differ() -> None:
    assert source_video("a_b_wave_f_cm_np2_ri_bad_12.avi", "wave") == "a_b"
    assert source_video("odd name.avi", "wave") == "odd name"


def test_same_clip_name_in_two_classes_keeps_two_videos(tmp_path: Path) -> None:
    clip = "X_wave_u_nm_np1_fr_med_3.avi"
    lists = official(tmp_path / "lists", brush=f"{clip} 1\n", wave=f"{clip} 2\n")
    root = touch(tmp_path / "videos", f"hmdb/brush_hair/{clip}", f"hmdb/wave/{clip}")
    assert [record.path for record in load("hmdb51", lists, root).records] == [
        f"hmdb/brush_hair/{clip}",
        f"hmdb/wave/{clip}",
    ]


def test_another_class_s_clip_of_the_same_name_is_no_stand_in(tmp_path: Path) -> None:
    clip = "X_wave_u_nm_np1_fr_med_3.avi"
    lists = official(tmp_path / "lists", brush=f"{clip} 1\n", wave=f"{clip} 2\n")
    root = touch(tmp_path / "videos", f"wave/{clip}")
    paths = [record.path for record in load("hmdb51", lists, root).records]
    assert paths == [f"brush_hair/{clip}", f"wave/{clip}"]
    assert not (root / paths[0]).exists()


def test_a_class_without_its_list_for_the_fold(tmp_path: Path) -> None:
    folder = official(tmp_path)
    write(folder, {"testTrainMulti_7030_splits/jump_test_split2.txt": WAVE})
    assert "jump_test_split1.txt" in fault("hmdb51", folder)
    assert "_test_split1.txt" in fault("hmdb51", write(tmp_path / "none", {"a.txt": "b"}))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a.avi 3", "wave_test_split1.txt:3: 'a.avi 3' is not"),
        ("a.avi", "wave_test_split1.txt:3: 'a.avi' is not"),
        ("Big [a]_wave_u_nm_np1_fr_med_0.avi 1", "is listed twice"),
    ],
)
def test_damaged_lines(tmp_path: Path, line: str, said: str) -> None:
    assert said in fault("hmdb51", official(tmp_path, wave=f"{WAVE}\n{line}"))
