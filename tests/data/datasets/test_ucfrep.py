from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from severe_bench.core.extras import COUNT, STARTS, STOP
from tests.data.datasets.files import fault, load, problems, rows, touch, write


def mat(path: Path, bounds: list[float], dtype: str = "uint8") -> None:
    """A file as distributed: a column of small unsigned integers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    column = np.array(bounds, dtype=dtype).reshape(-1, 1)
    label = {
        "duration": 112.0,
        "start_frame": 1.0,
        "end_frame": 112.0,
        "temporal_bound_num": float(len(bounds)),
        "temporal_bound": column,
    }
    savemat(path, {"label": label})


def official(folder: Path) -> Path:
    mat(folder / "annotations/train/v_BenchPress_g10_c01.mat", [1, 38, 76, 112])
    mat(folder / "annotations/train/v_HandStandPushups_g20_c02.mat", [3, 200, 260], "uint16")
    mat(folder / "annotations/val/v_BenchPress_g21_c01.mat", [10, 250])
    return folder


TEXT = (
    "v_BenchPress_g10_c01.avi\n1 38 76 112\nv_BenchPress_g11_c01\n0\nv_BenchPress_g21_c01\n10, 250"
)


def test_counts_from_mat_files(tmp_path: Path) -> None:
    dataset = load("ucfrep", official(tmp_path))
    assert dataset.classes == ("BenchPress", "HandStandPushups")
    assert rows(dataset) == [
        ("v_BenchPress_g10_c01", 0, "train"),
        ("v_HandStandPushups_g20_c02", 1, "train"),
        ("v_BenchPress_g21_c01", 0, "test"),
    ]
    first, second, last = dataset.records
    assert (COUNT.of(first), STARTS.of(first), STOP.of(first)) == (3, (0, 37, 75), 111)
    assert (COUNT.of(second), STARTS.of(second), STOP.of(second)) == (2, (2, 199), 259)
    assert (COUNT.of(last), last.group) == (1, "v_BenchPress_g21")


def test_ucf101_s_own_spelling_of_the_folder_is_found(tmp_path: Path) -> None:
    path = "UCF-101/HandstandPushups/v_HandStandPushups_g20_c02.avi"
    dataset = load("ucfrep", official(tmp_path / "l"), touch(tmp_path / "v", path))
    assert dataset.records[1].path == path


def test_text_files_alone(tmp_path: Path) -> None:
    folder = write(tmp_path, {"repetition_label/BenchPress.txt": TEXT, "notes/other.txt": "x"})
    dataset = load("ucfrep", folder)
    assert rows(dataset) == [
        ("v_BenchPress_g10_c01", 0, "train"),
        ("v_BenchPress_g21_c01", 0, "test"),
    ]
    assert [COUNT.of(record) for record in dataset.records] == [3, 1]


def test_both_forms_must_agree(tmp_path: Path) -> None:
    folder = write(official(tmp_path), {"annotations/repetition_label/BenchPress.txt": TEXT})
    assert len(load("ucfrep", folder).records) == 3
    write(folder, {"annotations/repetition_label/BenchPress.txt": TEXT.replace("76", "77")})
    assert "boundaries of v_BenchPress_g10_c01 differ" in fault("ucfrep", folder)


@pytest.mark.parametrize(
    ("bounds", "said"),
    [
        ([1, 76, 38], "are not at least two rising frame numbers"),
        ([7], "are not at least two rising"),
        ([0, 9], "are not at least two rising"),
        ([1.5, 9], "temporal_bound does not hold frame numbers"),
    ],
)
def test_damaged_bounds(tmp_path: Path, bounds: list[float], said: str) -> None:
    path = official(tmp_path) / "annotations/val/v_BenchPress_g22_c01.mat"
    mat(path, bounds, "float64")
    assert said in fault("ucfrep", tmp_path)
    assert str(path) in fault("ucfrep", tmp_path)


def test_damaged_files(tmp_path: Path) -> None:
    path = official(tmp_path) / "annotations/val/v_BenchPress_g22_c01.mat"
    path.write_bytes(b"not a mat file")
    assert f"{path}: holds no struct 'label'" in fault("ucfrep", tmp_path)
    savemat(path, {"label": 3})
    assert f"{path}: holds no struct 'label'" in fault("ucfrep", tmp_path)
    mat(path.with_name("v_BenchPress_g22_c01.mat"), [1, 9])
    path.rename(path.parent.parent / "train" / path.name)
    assert "its group belongs to test" in fault("ucfrep", tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("v_A_g01_c01\n", "A.txt:1: a video has no line of boundaries"),
        ("v_A_g01_c01\n1 x 3", "A.txt:2: frame 'x' is not a whole number"),
        ("v_A_g01_c01\n3 1", "A.txt:2: boundaries [3, 1]"),
        ("A_g01\n1 3", "'A_g01' is not 'v_Class_g01_c01'"),
        ("v_A_g01_c01\n1 3\nv_A_g01_c01\n1 3", "A.txt:3: video 'v_A_g01_c01' is listed twice"),
    ],
)
def test_damaged_text(tmp_path: Path, text: str, said: str) -> None:
    assert said in fault("ucfrep", write(tmp_path, {"repetition_label/A.txt": text}))


def test_nothing_there(tmp_path: Path) -> None:
    assert "unpack the annotation archive" in problems("ucfrep", tmp_path)[0]
