import pickle
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from severe_bench.core.extras import TUBES, Tube
from severe_bench.data.datasets.ucf101_24 import CLASSES
from tests.data.datasets.files import fault, load, problems, rows, touch, write

TUBE = np.dtype([("ef", "O"), ("sf", "O"), ("class", "O"), ("boxes", "O")])
VIDEO = np.dtype([("num_imgs", "O"), ("name", "O"), ("tubes", "O")])
BOXES = np.array([[32, 24, 64, 48], [0, 0, 0, 0], [160, 120, 160, 120]], dtype=np.uint16)
Tubes = list[tuple[int, int, int, np.ndarray]]


def annotations(folder: Path, videos: dict[str, Tubes]) -> Path:
    """A file as MATLAB writes it: numbers as 1 x 1 double arrays."""
    annot = np.empty((1, len(videos)), dtype=VIDEO)
    for place, (name, tubes) in enumerate(videos.items()):
        array = np.empty((1, len(tubes)), dtype=TUBE)
        for number, (ef, sf, label, boxes) in enumerate(tubes):
            array[0, number] = (float(ef), float(sf), float(label), boxes)
        annot[0, place] = (120.0, name, array)
    folder.mkdir(parents=True, exist_ok=True)
    savemat(folder / "finalAnnots.mat", {"annot": annot})
    return folder


TWO = {
    "Biking/v_Biking_g01_c01": [(7, 5, 3, BOXES), (6, 5, 3, BOXES[:1])],
    "WalkingWithDog/v_WalkingWithDog_g08_c01": [(3, 1, 24, BOXES)],
}


def lists(folder: Path) -> Path:
    return write(
        folder,
        {
            "trainlist01.txt": "A/v_A_g08_c01.avi\nWalkingWithDog/v_WalkingWithDog_g08_c01.avi 97",
            "testlist01.txt": "Biking/v_Biking_g01_c01.avi\nA/v_A_g01_c01.avi",
        },
    )


def test_tubes_in_fractions_of_the_frame(tmp_path: Path) -> None:
    dataset = load("ucf101_24", lists(annotations(tmp_path, TWO)))
    assert rows(dataset) == [
        ("WalkingWithDog/v_WalkingWithDog_g08_c01", 23, "train"),
        ("Biking/v_Biking_g01_c01", 2, "test"),
    ]
    biking = dataset.records[1]
    assert TUBES.of(biking) == (
        Tube(2, (4, 6), ((0.1, 0.1, 0.3, 0.3), (0.5, 0.5, 1.0, 1.0))),
        Tube(2, (4,), ((0.1, 0.1, 0.3, 0.3),)),
    )
    assert (biking.path, biking.group) == ("Biking/v_Biking_g01_c01.avi", "v_Biking_g01")
    assert dataset.classes == CLASSES
    assert tuple(sorted(CLASSES)) == CLASSES
    root = touch(tmp_path / "v", "UCF-101/Biking/v_Biking_g01_c01.mp4")
    assert load("ucf101_24", tmp_path, root).records[1].path.startswith("UCF-101/Biking")


def test_the_test_list_alone_and_videos_of_neither(tmp_path: Path) -> None:
    folder = lists(annotations(tmp_path, {**TWO, "Skiing/v_Skiing_g09_c01": [(3, 1, 17, BOXES)]}))
    assert len(load("ucf101_24", folder).records) == 2
    (folder / "trainlist01.txt").unlink()
    assert len(load("ucf101_24", folder).of("train")) == 2


@pytest.mark.parametrize(
    ("tubes", "said"),
    [
        ([(9, 5, 3, BOXES)], "a tube has 3 boxes for frames 5 to 9"),
        ([(2, 0, 3, BOXES)], "a tube has 3 boxes for frames 0 to 2"),
        ([(3, 1, 25, BOXES)], "label 25 lies outside 1 to 24"),
        ([(3, 1, 3, BOXES), (3, 1, 4, BOXES)], "has tubes of 2 classes"),
        ([(3, 1, 3, BOXES[:, :3])], "a tube lacks sf, ef, class or boxes"),
    ],
)
def test_damaged_tubes(tmp_path: Path, tubes: Tubes, said: str) -> None:
    text = fault(
        "ucf101_24", lists(annotations(tmp_path, {**TWO, "Biking/v_Biking_g01_c01": tubes}))
    )
    assert "finalAnnots.mat: entry 1: " in text
    assert said in text


def test_damaged_and_missing_files(tmp_path: Path) -> None:
    folder = lists(annotations(tmp_path, TWO))
    path = folder / "finalAnnots.mat"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert "finalAnnots.mat: holds no struct array 'annot'" in fault("ucf101_24", folder)
    savemat(path, {"other": 1})
    assert "holds no struct array" in fault("ucf101_24", folder)
    path.unlink()
    assert "finalAnnots.mat" in problems("ucf101_24", folder)[0]


def ground_truth(**changed: object) -> dict[str, object]:
    """The dict of `UCF101v2-GT.pkl` for two videos."""
    tube = np.array([[5, 32, 24, 96, 72], [7, 160, 120, 320, 240]], dtype=np.float32)
    biking, dog = "Biking/v_Biking_g01_c01", "WalkingWithDog/v_WalkingWithDog_g08_c01"
    return {
        "labels": list(CLASSES),
        "gttubes": {biking: {2: [tube, tube[:1]]}, dog: {23: [tube * 2]}},
        "nframes": {biking: 120, dog: 90},
        "train_videos": [[dog]],
        "test_videos": [[biking]],
        "resolution": {biking: (240, 320), dog: (480, 640)},
        **changed,
    }


@pytest.mark.parametrize("protocol", [2, 4])
def test_the_other_distribution_gives_the_same_tubes(tmp_path: Path, protocol: int) -> None:
    write(tmp_path / "p", {"UCF101v2-GT.pkl": pickle.dumps(ground_truth(), protocol=protocol)})
    read = load("ucf101_24", tmp_path / "p")
    other = load("ucf101_24", lists(annotations(tmp_path / "m", TWO)))
    assert rows(read) == rows(other)
    for tube, wanted in zip(TUBES.of(read.records[1]), TUBES.of(other.records[1]), strict=True):
        assert (tube.label, tube.frames) == (wanted.label, wanted.frames)
        np.testing.assert_allclose(tube.boxes, wanted.boxes, rtol=1e-6)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"test_videos": [["Skiing/v_x"]]}, "video 'Skiing/v_x': has no resolution or no tubes"),
        ({"test_videos": [[3]]}, "name 3 is not 'Class/video'"),
        ({"test_videos": []}, "test_videos is not a list of folds"),
        ({"train_videos": [["Biking/v_Biking_g01_c01"]]}, "in the training and in the test list"),
        (
            {"gttubes": {"WalkingWithDog/v_WalkingWithDog_g08_c01": {24: [BOXES]}}},
            "a tube of shape",
        ),
        (
            {"gttubes": {"WalkingWithDog/v_WalkingWithDog_g08_c01": {24: [np.ones((1, 5))]}}},
            "label 24 lies outside 0 to 23",
        ),
    ],
)
def test_damage_in_the_other_distribution(
    tmp_path: Path, changed: dict[str, object], said: str
) -> None:
    content = pickle.dumps(ground_truth(**changed))
    assert said in fault("ucf101_24", write(tmp_path, {"UCF101v2-GT.pkl": content}))


def test_another_pickle(tmp_path: Path) -> None:
    folder = write(tmp_path, {"UCF101v2-GT.pkl": pickle.dumps({"labels": []})})
    assert "is not a dict of gttubes" in fault("ucf101_24", folder)
