import pickle
from pathlib import Path

import numpy as np
import pytest

from severe_bench.core.extras import DIFFICULTY, SCORE
from tests.data.datasets.files import fault, load, problems, rows, touch, write

CUP, GAMES = "FINADivingWorldCup2021_Men3m_final_r1", "Tokyo"
DIVES = {
    (CUP, 0): ["5253B", 81.6, 3.4, ["a"], np.zeros(4)],
    (CUP, 1): ["107B", 64.5, 3.1, ["a"], np.zeros(4)],
    (GAMES, 10): ["107B", np.float64(70.0), 3.1, ["a"], np.zeros(4)],
    (GAMES, 11): ["301B", 1.0, 1.0, [], np.zeros(4)],  # in no split
}
TRAIN, TEST = [(CUP, 1), (CUP, 0)], [(GAMES, 10)]


def official(
    folder: Path,
    name: str = "fine-grained_annotation_aqa.pkl",
    dives: object = DIVES,
    train: object = TRAIN,
    test: object = TEST,
) -> Path:
    content = {"train_split.pkl": train, "test_split.pkl": test, name: dives}
    return write(folder, {f"Annotations/{n}": pickle.dumps(value) for n, value in content.items()})


def test_types_scores_and_difficulty(tmp_path: Path) -> None:
    dataset = load("finediving", official(tmp_path / "l"))
    assert dataset.classes == ("107B", "5253B")
    assert rows(dataset) == [
        (f"{CUP}/1", 0, "train"),
        (f"{CUP}/0", 1, "train"),
        (f"{GAMES}/10", 0, "test"),
    ]
    first, _, last = dataset.records
    assert (SCORE.of(first), DIFFICULTY.of(first), first.group) == (64.5, 3.1, CUP)
    assert SCORE.of(last) == 70.0
    root = touch(tmp_path / "v", f"FineDiving/{CUP}/1.mp4", f"FineDiving/{GAMES}/0.mp4")
    assert [record.path for record in load("finediving", tmp_path / "l", root).records] == [
        f"FineDiving/{CUP}/1.mp4",
        f"{CUP}/0.mp4",  # another competition's 0 is not it
        f"{GAMES}/10.mp4",
    ]


@pytest.mark.parametrize("nested", [False, True])
def test_other_annotation_files(tmp_path: Path, nested: bool) -> None:
    flat = {
        key: {"action_type": entry[0], "difficulty": entry[2], "start_frame": 3}
        for key, entry in DIVES.items()
    }
    by_video: dict[str, dict[str, object]] = {}
    for (video, number), entry in flat.items():
        by_video.setdefault(video, {})[str(number)] = entry
    folder = official(tmp_path, "FineDiving_coarse_annotation.pkl", by_video if nested else flat)
    dataset = load("finediving", folder)
    assert [label for _, label, _ in rows(dataset)] == [0, 1, 0]
    assert DIFFICULTY.of(dataset.records[1]) == 3.4


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        (
            {"test": [(GAMES, 10), (GAMES, 99)]},
            "test_split.pkl: entry 2: dive ('Tokyo', 99) is not",
        ),
        ({"test": [(CUP, 1)]}, "test_split.pkl: entry 1: dive"),
        ({"train": [CUP]}, "train_split.pkl: entry 1: 'FINA"),
        ({"train": {}}, "train_split.pkl: is not a list of dives"),
        ({"dives": []}, "is not a dict of dives"),
        ({"dives": {(CUP, 0): 3}}, "has no action type"),
        ({"dives": {(CUP, "x"): ["a"]}}, "is not (competition, number)"),
    ],
)
def test_damaged_files(tmp_path: Path, changed: dict[str, object], said: str) -> None:
    assert said in fault("finediving", official(tmp_path, **changed))  # type: ignore[arg-type]


def test_missing_and_truncated_files(tmp_path: Path) -> None:
    folder = official(tmp_path)
    path = folder / "Annotations/test_split.pkl"
    path.write_bytes(path.read_bytes()[:-3])
    assert "test_split.pkl: is no pickle of plain data" in fault("finediving", folder)
    path.unlink()
    assert "test_split.pkl" in problems("finediving", folder)[0]
