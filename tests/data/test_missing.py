"""What is missing is found once, kept while nothing changes, and found again when it does."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from severe_bench.config.prepared import Prepared
from severe_bench.core.errors import UserError
from severe_bench.core.record import Dataset, Record
from severe_bench.data import missing as module
from severe_bench.data.datasets import videos as videos_module
from severe_bench.data.made import Made
from severe_bench.data.missing import ABSENT, Missing, MissingLists, Videos, require_complete
from severe_bench.data.prepared import Manifest

NAMES = ["run/a", "run/b", "jump/c", "jump/d"]
LONG_AGO = 1_000_000_000


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    root = tmp_path / "videos"
    records = tuple(
        Record(name, f"{name}.mp4", 0, "test" if name == "jump/d" else "train") for name in NAMES
    )
    for record in records:
        (root / record.path).parent.mkdir(parents=True, exist_ok=True)
        (root / record.path).write_bytes(b"video")
    settle(root)
    return Dataset("mine", root, ("x",), records)


def settle(root: Path) -> None:
    """As if the folders had not been touched for a while."""
    for folder in (root, *(p for p in root.rglob("*") if p.is_dir())):
        os.utime(folder, (LONG_AGO, LONG_AGO))


@pytest.fixture
def lists(tmp_path: Path) -> MissingLists:
    return MissingLists(tmp_path / "cache")


def never() -> Dataset:
    raise AssertionError("it was looked again")


def test_a_complete_set_keeps_its_identity(dataset: Dataset, lists: MissingLists) -> None:
    found = lists.find(Videos("d", dataset.root), lambda: dataset)
    assert found.entries == ()
    assert found.identity("d") == "d"
    require_complete(found, dataset.root, "mine")


def test_missing_samples_by_name_and_split(dataset: Dataset, lists: MissingLists) -> None:
    for name in ("run/b", "jump/d"):
        (dataset.root / f"{name}.mp4").unlink()
    found = lists.find(Videos("d", dataset.root), lambda: dataset)
    assert found.entries == (
        Missing("run/b", "run/b.mp4", "train", ABSENT),
        Missing("jump/d", "jump/d.mp4", "test", ABSENT),
    )
    assert found.counts == {"train": 1, "test": 1}
    with pytest.raises(UserError) as caught:
        require_complete(found, dataset.root, "mine")
    assert str(caught.value) == (
        f"{dataset.root}: 2 of 4 samples have no readable video: run/b, jump/d; "
        "run `severe data check mine`, or set `allow_missing: true` for the dataset"
    )


def test_the_identity_depends_on_which_are_missing(dataset: Dataset, lists: MissingLists) -> None:
    ids = {"d"}
    for name in NAMES:
        path = dataset.root / f"{name}.mp4"
        path.unlink()
        ids.add(lists.look(Videos("d", dataset.root), dataset).identity("d"))
        path.write_bytes(b"video")
    assert len(ids) == 5


def test_nothing_is_looked_at_twice(dataset: Dataset, lists: MissingLists) -> None:
    (dataset.root / "run/a.mp4").unlink()
    settle(dataset.root)
    first = lists.find(Videos("d", dataset.root), lambda: dataset)
    assert lists.find(Videos("d", dataset.root), never) == first
    assert MissingLists(lists.cache).find(Videos("d", dataset.root), never) == first
    with pytest.raises(AssertionError, match="looked again"):
        lists.find(Videos("other annotations", dataset.root), never)


@pytest.mark.parametrize("change", ["a video comes", "a video goes", "a folder goes"])
def test_a_change_is_seen(dataset: Dataset, lists: MissingLists, change: str) -> None:
    path = dataset.root / "run/a.mp4"
    path.unlink()
    settle(dataset.root)
    assert len(lists.find(Videos("d", dataset.root), lambda: dataset).entries) == 1
    if change == "a video comes":
        path.write_bytes(b"video")
    elif change == "a video goes":
        (dataset.root / "run/b.mp4").unlink()
    else:
        (dataset.root / "jump").rename(dataset.root / "leap")
    found = lists.find(Videos("d", dataset.root), lambda: dataset)
    wanted = {"a video comes": 0, "a video goes": 2, "a folder goes": 3}[change]
    assert len(found.entries) == wanted


@pytest.fixture
def linked(dataset: Dataset, tmp_path: Path) -> Path:
    """Every video is a link to a link into a folder elsewhere, which is returned."""
    far, between = tmp_path / "far", tmp_path / "between"
    far.mkdir()
    between.mkdir()
    for number, record in enumerate(dataset.records):
        (dataset.root / record.path).rename(far / f"{number}.mp4")
        (between / f"{number}.mp4").symlink_to(far / f"{number}.mp4")
        (dataset.root / record.path).symlink_to(between / f"{number}.mp4")
    settle(tmp_path)
    return far


@pytest.mark.parametrize("one_by_one", [0, 4])
@pytest.mark.parametrize("change", ["a target comes", "a target goes", "all go"])
def test_a_change_behind_links_is_seen(
    dataset: Dataset,
    lists: MissingLists,
    linked: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: str,
    one_by_one: int,
) -> None:
    """The folders of the dataset itself stay as they are."""
    monkeypatch.setattr(videos_module, "ASKED_ONE_BY_ONE", one_by_one)
    (linked / "0.mp4").rename(linked / "gone.mp4")
    settle(linked)
    first = lists.find(Videos("d", dataset.root), lambda: dataset)
    assert [entry.sample for entry in first.entries] == ["run/a"]
    assert lists.find(Videos("d", dataset.root), never) == first
    if change == "a target comes":
        (linked / "gone.mp4").rename(linked / "0.mp4")
    elif change == "a target goes":
        (linked / "3.mp4").unlink()
    else:
        linked.rename(linked.with_name("unplugged"))
    found = lists.find(Videos("d", dataset.root), lambda: dataset)
    wanted = {"a target comes": 0, "a target goes": 2, "all go": 4}[change]
    assert len(found.entries) == wanted


def test_links_in_a_circle_are_missing_and_no_endless_work(
    dataset: Dataset, lists: MissingLists
) -> None:
    path = dataset.root / "run/a.mp4"
    path.unlink()
    path.symlink_to(path)
    found = lists.find(Videos("d", dataset.root), lambda: dataset)
    assert [entry.sample for entry in found.entries] == ["run/a"]


def test_a_folder_that_only_just_changed_is_looked_at_again(
    dataset: Dataset, lists: MissingLists
) -> None:
    """A second change could come within the same tick of the file system's clock."""
    os.utime(dataset.root / "run")
    lists.find(Videos("d", dataset.root), lambda: dataset)
    with pytest.raises(AssertionError, match="looked again"):
        lists.find(Videos("d", dataset.root), never)


def test_unreadable_videos_are_remembered_until_they_change(
    dataset: Dataset, lists: MissingLists
) -> None:
    videos = Videos("d", dataset.root)
    found = lists.look(videos, dataset, {"jump/c.mp4": "is truncated"})
    assert [entry.reason for entry in found.entries] == ["is truncated"]
    assert lists.find(videos, lambda: dataset) == found
    (dataset.root / "run/a.mp4").unlink()
    again = lists.find(videos, lambda: dataset)
    assert [entry.reason for entry in again.entries] == [ABSENT, "is truncated"]
    assert lists.look(videos, dataset) == again
    (dataset.root / "jump/c.mp4").write_bytes(b"a better video")
    assert [e.reason for e in lists.find(videos, lambda: dataset).entries] == [ABSENT]


def test_a_decoded_set_replaces_what_was_known(dataset: Dataset, lists: MissingLists) -> None:
    videos = Videos("d", dataset.root)
    lists.look(videos, dataset, {"jump/c.mp4": "is truncated"})
    assert lists.look(videos, dataset, {}).entries == ()


def test_prepared_videos_are_judged_by_their_manifest(
    dataset: Dataset, lists: MissingLists, tmp_path: Path
) -> None:
    how, folder = Prepared(), tmp_path / "made"
    manifest = Manifest(folder, how)
    manifest.begin()
    for name in NAMES[:3]:
        manifest.add(Made(f"{name}.mp4", 5, 0, "", f"{name}.mp4", 9, "", 3, 25.0, False))
    videos = Videos("d", dataset.root, how, folder)
    found = lists.find(videos, lambda: dataset)
    assert [entry.sample for entry in found.entries] == ["jump/d"]
    assert lists.find(videos, never) == found
    with pytest.raises(UserError, match="run `severe data prepare mine`"):
        require_complete(found, dataset.root, "mine")
    manifest.add(Made("jump/d.mp4", 5, 0, "", "jump/d.mp4", 9, "", 3, 25.0, False))
    assert lists.find(videos, lambda: dataset).entries == ()


def test_without_a_cache_it_is_looked_each_time(dataset: Dataset, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    lists = MissingLists(tmp_path / "file")
    (dataset.root / "run/a.mp4").unlink()
    settle(dataset.root)
    for _ in range(2):
        assert len(lists.find(Videos("d", dataset.root), lambda: dataset).entries) == 1


@pytest.mark.parametrize("content", ["", "[]", '{"rules": 0}'])
def test_a_damaged_cache_is_made_anew(dataset: Dataset, lists: MissingLists, content: str) -> None:
    lists.find(Videos("d", dataset.root), lambda: dataset)
    (kept,) = lists.cache.iterdir()
    kept.write_text(content)
    assert lists.find(Videos("d", dataset.root), lambda: dataset).entries == ()
    assert kept.read_text() != content


def test_as_few_questions_as_folders(
    dataset: Dataset, lists: MissingLists, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kept list of 5 000 videos in two folders takes three questions."""
    records = [Record(f"{n}", f"{'ab'[n % 2]}/{n}.mp4", 0, "train") for n in range(5000)]
    for folder in "ab":
        (dataset.root / folder).mkdir()
    settle(dataset.root)
    large = replace(dataset, records=tuple(records))
    assert len(lists.find(Videos("d", dataset.root), lambda: large).entries) == 5000
    asked: list[Path] = []
    stamp = module._stamp

    def counted(path: Path) -> module.Stamp:
        asked.append(path)
        return stamp(path)

    monkeypatch.setattr(module, "_stamp", counted)
    lists.find(Videos("d", dataset.root), never)
    assert sorted(path.name for path in asked) == ["a", "b", dataset.root.name]
