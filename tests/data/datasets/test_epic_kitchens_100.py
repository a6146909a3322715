from pathlib import Path

import pytest

from severe_bench.core.errors import UserError
from severe_bench.core.extras import COUNT, NOUN, VERB
from severe_bench.data.datasets.epic_kitchens_100 import seconds
from tests.data.datasets.files import fault, load, rows, touch, write

HEADER = (
    "narration_id,participant_id,video_id,narration_timestamp,start_timestamp,stop_timestamp,"
    "start_frame,stop_frame,narration,verb,verb_class,noun,noun_class,all_nouns,all_noun_classes\n"
)


def row(
    name: str, verb: object, noun: object, start: str = "00:00:01.00", stop: str = "00:01:02.50"
) -> str:
    video = name.rpartition("_")[0]
    return (
        f'{name},{video[:3]},{video},00:00:00.560,{start},{stop},8,202,"open, then close door",'
        f"open,{verb},door,{noun},\"['door', 'hand']\",\"[3, 1]\"\n"
    )


TRAIN = HEADER + row("P01_01_0", 2, 1) + row("P01_01_1", 0, 3)
VALIDATION = HEADER + row("P02_101_7", 2, 0).rstrip("\n")
VERBS = "id,key,instances,category\n" + "".join(f"{i},v{i},\"['a', 'b']\",c\n" for i in range(3))
NOUNS = "id,key,instances,category\n" + "".join(f"{i},n{i}:x,\"['a']\",c\n" for i in range(4))


def official(
    folder: Path, train: str = TRAIN, verbs: str = VERBS, nouns: str = "EPIC_100_noun_classes.csv"
) -> Path:
    return write(
        folder,
        {
            "EPIC_100_train.csv": train,
            "EPIC_100_validation.csv": VALIDATION,
            "EPIC_100_verb_classes.csv": verbs,
            nouns: NOUNS,
        },
    )


@pytest.mark.parametrize(
    ("label", "ids", "classes"),
    [
        ("verb", [2, 0, 2], ("v0", "v1", "v2")),
        ("noun", [1, 3, 0], ("n0:x", "n1:x", "n2:x", "n3:x")),
        ("action", [2, 0, 1], ("v0 n3:x", "v2 n0:x", "v2 n1:x")),
    ],
)
def test_labels(tmp_path: Path, label: str, ids: list[int], classes: tuple[str, ...]) -> None:
    dataset = load("epic_kitchens_100", official(tmp_path), label=label)
    assert dataset.classes == classes
    assert [record.label for record in dataset.records] == ids
    assert dataset.vocabularies == {
        "verb": ("v0", "v1", "v2"),
        "noun": ("n0:x", "n1:x", "n2:x", "n3:x"),
    }
    assert [VERB.of(record) for record in dataset.records] == [2, 0, 2]
    assert [NOUN.of(record) for record in dataset.records] == [1, 3, 0]


def test_records_are_ranges_of_their_videos(tmp_path: Path) -> None:
    root = touch(tmp_path / "v", "epic/P01/P01_01.MP4", "epic/P02/P02_101.mp4")
    folder = official(tmp_path / "l", nouns="EPIC_100_noun_classes_v2.csv")
    dataset = load("epic_kitchens_100", folder, root)
    assert rows(dataset) == [
        ("P01_01_0", 2, "train"),
        ("P01_01_1", 0, "train"),
        ("P02_101_7", 2, "test"),
    ]
    first, _, last = dataset.records
    assert (first.path, first.start, first.end) == ("epic/P01/P01_01.MP4", 1.0, 62.5)
    assert (last.path, last.group) == ("epic/P02/P02_101.mp4", "P02_101")


def test_seconds() -> None:
    assert seconds("01:02:03.250", "x") == 3723.25
    with pytest.raises(UserError, match="not HH:MM:SS"):
        seconds("00:61:00.0", "x")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (row("P01_01_2", 3, 0), "label 3 lies outside 0 to 2"),
        (row("P01_01_2", 0, 4), "label 4 lies outside 0 to 3"),
        (row("P01_01_2", "", 0), "label '' is not a whole number"),
        (row("P01_01_2", 0, 0, stop="00:00:01.00"), "ends at 1.0 s, not after its start"),
        (row("P01_01_2", 0, 0, start="1.0"), "time '1.0' is not HH:MM:SS.ss"),
        (row("P01_01_0", 0, 0), "narration 'P01_01_0' is listed twice"),
        ("P01_01_2,P01\n", "2 values for 15 columns"),
    ],
)
def test_damaged_rows(tmp_path: Path, line: str, said: str) -> None:
    text = fault("epic_kitchens_100", official(tmp_path, train=TRAIN + line))
    assert "EPIC_100_train.csv:4: " in text
    assert said in text


def test_damaged_classes_and_foreign_extras(tmp_path: Path) -> None:
    folder = official(tmp_path, verbs=VERBS.replace("1,v1", "5,v1"))
    assert "verb_classes.csv:3: id '5' stands where 1 should" in fault("epic_kitchens_100", folder)
    record = load("epic_kitchens_100", official(tmp_path)).records[0]
    with pytest.raises(UserError, match="has no count"):
        COUNT.of(record)


def test_vocabularies_without_their_files(tmp_path: Path) -> None:
    folder = official(tmp_path)
    for kind in ("verb", "noun"):
        (folder / f"EPIC_100_{kind}_classes.csv").unlink()
    found = load("epic_kitchens_100", folder).vocabularies
    assert {kind: len(names) for kind, names in found.items()} == {"verb": 97, "noun": 300}
    assert found["noun"][299] == "noun 299"
