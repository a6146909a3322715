import json
from pathlib import Path

import pytest

from severe_bench.core.errors import UserError
from severe_bench.core.frozen import Frozen
from severe_bench.data.adapter import ADAPTERS, Location
from severe_bench.data.check import check_dataset, parsed_options
from tests.data.datasets.files import touch, write
from tests.data.films import film

OFFICIAL = [name for name in ADAPTERS.names() if name not in ("manifest", "procedural")]


def ucf101(folder: Path, train: int, test: int, classes: int = 101) -> Path:
    """Lists of any size in UCF101's form."""
    names = [f"Act{label:03d}" for label in range(classes)]

    def lines(count: int, group: int) -> str:
        videos = ((names[n % classes], n // classes) for n in range(count))
        return "".join(f"{a}/v_{a}_g{group:02d}_c{clip:02d}.avi\n" for a, clip in videos)

    return write(
        folder,
        {
            "classInd.txt": "".join(f"{n} {name}\n" for n, name in enumerate(names, start=1)),
            "trainlist01.txt": lines(train, 8),
            "testlist01.txt": lines(test, 1),
        },
    )


def test_complete_lists_are_ok(tmp_path: Path) -> None:
    found = check_dataset("ucf101", {}, Location(None, ucf101(tmp_path, 9537, 3783)))
    assert found.ok
    assert json.loads(json.dumps(found.to_json())) == {
        "dataset": "ucf101",
        "splits": {
            "train": {"records": 9537, "classes": 101, "missing": []},
            "test": {"records": 3783, "classes": 101, "missing": []},
        },
        "expected": {
            "train": {"records": 9537, "classes": 101},
            "test": {"records": 3783, "classes": 101},
            "source": "official lists of the action recognition splits",
        },
        "ok": True,
        "problem": None,
    }


@pytest.mark.parametrize(
    ("train", "test", "classes"), [(9536, 3783, 101), (9537, 3784, 101), (9537, 3783, 100)]
)
def test_other_counts_are_not(tmp_path: Path, train: int, test: int, classes: int) -> None:
    folder = ucf101(tmp_path, train, test, classes)
    found = check_dataset("ucf101", {}, Location(None, folder))
    assert not found.ok
    assert found.splits["train"].records == train
    assert found.splits["test"].classes == classes


def test_the_counts_of_a_fold_are_its_own(tmp_path: Path) -> None:
    folder = ucf101(tmp_path, 9586, 3734)
    for name in ("train", "test"):
        (folder / f"{name}list01.txt").rename(folder / f"{name}list02.txt")
    assert check_dataset("ucf101", {"fold": 2}, Location(None, folder)).ok
    assert "trainlist01.txt" in (check_dataset("ucf101", {}, Location(None, folder)).problem or "")


def test_missing_videos_are_named_once_in_list_order(tmp_path: Path) -> None:
    lists = write(
        tmp_path / "l",
        {
            "EPIC_100_train.csv": "narration_id,participant_id,video_id,start_timestamp,"
            "stop_timestamp,verb_class,noun_class\n"
            + "".join(
                f"P01_0{v}_{n},P01,P01_0{v},00:00:01.0,00:00:02.0,0,0\n"
                for v, n in ((2, 0), (1, 0), (2, 1))
            ),
            "EPIC_100_verb_classes.csv": "id,key\n0,take\n",
            "EPIC_100_noun_classes.csv": "id,key\n0,cup\n",
        },
    )
    train = (lists / "EPIC_100_train.csv").read_text()
    write(lists, {"EPIC_100_validation.csv": train.replace("P01_0", "P03_0")})
    root = touch(tmp_path / "v", "P03_01.mp4")
    found = check_dataset("epic_kitchens_100", {}, Location(root, lists))
    assert found.splits["train"].missing == ("P01/videos/P01_02.MP4", "P01/videos/P01_01.MP4")
    assert found.splits["test"].missing == ("P01/videos/P03_02.MP4",)
    assert not found.ok


def test_videos_are_opened_only_on_request(tmp_path: Path) -> None:
    manifest = "path,label,split\ngood.mp4,a,train\nbad.mp4,b,test\ngone.mp4,b,test\n"
    root = write(tmp_path, {"annotations.csv": manifest, "bad.mp4": b"no video at all"})
    film(root / "good.mp4", frames=3)
    unopened = check_dataset("manifest", {}, Location(root, None))
    assert unopened.splits["test"].unreadable is None
    opened = check_dataset("manifest", {}, Location(root, None), decode=True)
    assert opened.splits["train"].unreadable == ()
    assert [video.path for video in opened.splits["test"].unreadable or ()] == ["bad.mp4"]
    assert opened.splits["test"].missing == ("gone.mp4",)
    assert not opened.ok


def test_annotations_beyond_the_video_are_named(tmp_path: Path) -> None:
    rows = [
        "fits.mp4,a,train,,4,a@1-4,,,",
        "long.mp4,a,train,,40,a@1-4,,,",
        "spans.mp4,a,train,,,a@1-8,,,",
        "counted.mp4,a,test,,,,0;50,102,",
        "over.mp4,a,test,,,,0;50,103,",
        "key.mp4,a,test,,,,,,7.5",
        "cut.mp4,a,test,9,,,,,",
    ]
    head = "path,label,split,end,duration,spans,starts,stop,key_time\n"
    tubes = [{"label": "a", "frames": [103], "boxes": [[0, 0, 1, 1]]}]
    tube = json.dumps({"sample": "tube.mp4", "tubes": tubes})
    table = head + "\n".join([*rows, "tube.mp4,a,test,,,,,,"]) + "\n"
    root = write(tmp_path, {"annotations.csv": table, "boxes.jsonl": tube + "\n"})
    for name in [row.partition(",")[0] for row in table.splitlines()[1:]]:
        film(root / name, frames=100)  # 4 s at 25 frames a second
    assert check_dataset("manifest", {}, Location(root, None)).ok
    found = check_dataset("manifest", {}, Location(root, None), decode=True)
    assert not found.ok
    assert {of.sample: of.reason for of in found.overruns} == {
        "long.mp4": "40 s is annotated, and it lasts 4 s",
        "spans.mp4": "8 s is annotated, and it lasts 4 s",
        "over.mp4": "frame 103 is annotated, and it has 100 frames",
        "key.mp4": "7.5 s is annotated, and it lasts 4 s",
        "cut.mp4#-9": "9 s is annotated, and it lasts 4 s",
        "tube.mp4": "frame 103 is annotated, and it has 100 frames",
    }
    assert len(json.loads(json.dumps(found.to_json()))["overruns"]) == 6


def test_damage_is_the_problem_of_the_check(tmp_path: Path) -> None:
    folder = ucf101(tmp_path, 5, 5)
    (folder / "trainlist01.txt").write_text("nonsense\n")
    found = check_dataset("ucf101", {}, Location(None, folder))
    assert "trainlist01.txt:1: 'nonsense'" in (found.problem or "")
    assert found.splits == {}
    assert not found.ok


def test_what_the_user_mistyped(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="did you mean ucf101"):
        check_dataset("ucf1O1", {}, Location(None, tmp_path))
    with pytest.raises(UserError, match="is not a folder"):
        check_dataset("ucf101", {}, Location(None, tmp_path / "none"))
    with pytest.raises(UserError, match=r"option 'fold'.*its options: fold"):
        check_dataset("ucf101", {"fold": 4}, Location(None, tmp_path))
    with pytest.raises(UserError, match=r"option 'split'.*its options: none"):
        check_dataset("ssv2", {"split": 1}, Location(None, tmp_path))


@pytest.mark.parametrize("name", OFFICIAL)
def test_every_adapter_says_what_is_missing(tmp_path: Path, name: str) -> None:
    adapter = ADAPTERS.get(name)
    options = parsed_options(adapter, {})
    assert isinstance(options, Frozen)
    assert adapter.name == name
    (problem,) = adapter.problems(options, Location(tmp_path, tmp_path))
    assert str(tmp_path) in problem
    assert check_dataset(name, {}, Location(None, tmp_path)).problem == problem
    expected = adapter.expected(options)
    assert expected is not None
    assert set(expected.splits) == {"train", "test"}
    assert expected.source


def test_there_are_nineteen() -> None:
    assert len(OFFICIAL) == 19
