"""Raw frames: made from the originals, read back to the byte, refused when anything is amiss."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from severe_bench.config.prepared import Prepared
from severe_bench.core.digest import file_digest
from severe_bench.core.record import Dataset, Record
from severe_bench.data import tally
from severe_bench.data.prepare import Prepare, Refused
from severe_bench.data.prepared import (
    MANIFEST,
    RAW_SOURCE,
    Manifest,
    of_prepared,
    prepared_digest,
    prepared_folder,
)
from severe_bench.data.raw_frames import write_frames
from severe_bench.data.store import VideoStore
from severe_bench.data.verify import Verification, verify
from severe_bench.data.video import VideoError, read_frames
from severe_bench.data.videos_of import of_folder
from tests.data.films import film
from tests.data.zoo import ZOO, Animal, irregular, numbers_of

HOW = Prepared(short_side=48, raw=True)
NAMES = ["xvid_packed.avi", "h264_open.mkv", "vp9.webm", "vfr_b.mp4"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """The dataset of raw frames of some of the zoo."""
    root = tmp_path_factory.mktemp("zoo") / "videos"
    root.mkdir()
    for animal in ZOO:
        if animal.name in NAMES:
            animal.write(root)
    folder = prepared_folder(root, HOW)
    with Prepare(root, NAMES, folder, HOW, 1).opened() as work:
        assert not work.refused
        assert len(list(work.run())) == len(NAMES)
    records = tuple(Record(name, name, 0, "train") for name in NAMES)
    return of_prepared(Dataset("zoo", root, ("x",), records), HOW)


def record(made: Dataset, name: str) -> Record:
    return next(record for record in made.records if record.sample == name)


@pytest.mark.parametrize("name", NAMES[:3])
def test_they_are_the_originals_frames(made: Dataset, name: str) -> None:
    animal = next(animal for animal in ZOO if animal.name == name)
    store = VideoStore(made.root)
    frames = store.frames(record(made, name))
    assert numbers_of(frames) == animal.numbers
    original = read_frames(prepared_root(made) / name, range(animal.count)).astype(int)
    assert np.abs(original - frames).mean() < 3  # nothing but the way through 4:2:0
    assert numbers_of(store.clip(record(made, name), [40, 3, 3])) == [40, 3, 3]


def prepared_root(made: Dataset) -> Path:
    return made.root.with_name("videos")


def test_a_varying_rate_becomes_constant_by_the_clock(made: Dataset) -> None:
    store = VideoStore(made.root)
    extent = store.extent(record(made, "vfr_b.mp4"))
    assert extent.times is None
    shown = [
        max(n for n in range(48) if irregular(n) <= 1000 * k / extent.fps + 1e-3)
        for k in range(extent.frames)
    ]
    assert numbers_of(store.frames(record(made, "vfr_b.mp4"))) == shown


def test_a_trimmed_record(made: Dataset) -> None:
    trimmed = Record("t", record(made, "vp9.webm").path, 0, "train", start=0.4, end=0.6)
    assert numbers_of(VideoStore(made.root).frames(trimmed)) == [10, 11, 12, 13, 14]


def test_provenance_says_what_they_are(made: Dataset) -> None:
    tally.taken()
    VideoStore(made.root).clip(record(made, "vp9.webm"), [1])
    (name,) = tally.taken()
    assert name.startswith("raw frames of pyav ")
    head = json.loads((made.root / MANIFEST).read_text().splitlines()[0])
    root = str(prepared_root(made).resolve())
    kind = {"raw": True, "short_side": 48, "source": RAW_SOURCE, "version": 1}
    assert head == {**kind, "root": root}


def test_they_are_another_dataset_than_encoded_ones() -> None:
    kinds = [Prepared(short_side=48), HOW, Prepared(short_side=64, raw=True)]
    assert len({prepared_digest("d", how) for how in kinds}) == 3
    assert prepared_folder(Path("/data/u"), HOW).as_posix() == "/data/u-prepared-48-raw"
    again = Prepared.model_validate_json(HOW.model_dump_json())
    assert again == HOW
    with pytest.raises(ValueError, match="raw frames are not encoded and have no crf"):
        Prepared(raw=True, crf=30)


def test_the_manifest_knows_their_digests(made: Dataset) -> None:
    for entry in Manifest(made.root, HOW).read().values():
        path = made.root / entry.prepared
        assert (entry.prepared_size, entry.prepared_sha256) == (
            path.stat().st_size,
            file_digest(path),
        )


def test_what_is_done_is_not_done_again(made: Dataset) -> None:
    with Prepare(prepared_root(made), NAMES, made.root, HOW, 1).opened() as work:
        assert work.left == []


def one(folder: Path) -> tuple[Dataset, Path]:
    root = folder / "videos"
    root.mkdir()
    Animal("a.mp4", options={"preset": "ultrafast"}, count=6).write(root)
    target = folder / "made"
    with Prepare(root, ["a.mp4"], target, HOW, 1).opened() as work:
        list(work.run())
    dataset = Dataset("one", root, ("x",), (Record("a", "a.mp4", 0, "train"),))
    return of_prepared(dataset, HOW, target), target / "a.npy"


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda path: path.unlink(), r"cannot be read \(no such file\)"),
        (lambda path: path.write_bytes(path.read_bytes()[:-9]), r"cannot be read \(mmap length"),
        (lambda path: path.write_bytes(b""), r"cannot be read \("),
        (lambda path: path.write_bytes(b"garbage" * 99), r"cannot be read \("),
        (lambda path: np.save(path, np.zeros((5, 4, 4, 3), np.uint8)), "not 6 frames"),
        (lambda path: np.save(path, np.zeros((6, 4), np.float32)), "not 6 frames"),
    ],
)
def test_what_is_amiss_is_refused(
    tmp_path: Path, damage: Callable[[Path], object], reason: str
) -> None:
    dataset, path = one(tmp_path)
    damage(path)
    with pytest.raises(VideoError, match=rf"a\.npy: .*{reason}.*; run severe data prepare again"):
        VideoStore(dataset.root).frames(dataset.records[0])


@pytest.mark.parametrize("indices", [[-1], [6], [0, 9]])
def test_no_frame_outside_is_given(tmp_path: Path, indices: list[int]) -> None:
    dataset, _ = one(tmp_path)
    with pytest.raises(VideoError, match="of 6 asked for"):
        VideoStore(dataset.root).clip(dataset.records[0], indices)


def test_frames_prepared_anew_are_not_mixed_with_those_before(tmp_path: Path) -> None:
    root = tmp_path / "videos"
    films = [film(root / name, 20) for name in ("a.mp4", "b.mp4")]
    folder = prepared_folder(root, HOW)
    plan = Prepare(root, [one.name for one in films], folder, HOW, 1)
    with plan.opened() as work:
        list(work.run())
    store, part = VideoStore(folder), Record("a", "a.npy", 0, "train")
    assert len(store.clip(part, [0, 19])) == 2
    film(films[0], 7)
    with plan.opened() as work:
        list(work.run())
    with pytest.raises(VideoError, match="changed while it was read"):
        store.clip(part, [0, 19])


def test_a_changed_byte_is_found_by_verifying(tmp_path: Path) -> None:
    root = tmp_path / "videos"
    names = [film(root / name, 20).name for name in ("a.mp4", "b.mp4")]
    for how in (HOW, Prepared(short_side=48)):
        folder = prepared_folder(root, how)
        with Prepare(root, names, folder, how, 1).opened() as work:
            list(work.run())
        videos = of_folder(folder)
        assert len(videos.paths) == 2
        assert Verification(tuple(verify(videos.files, digests=videos.digests))).ok
        content = bytearray(videos.files[1].read_bytes())
        content[len(content) // 2] ^= 1
        videos.files[1].write_bytes(content)
        good, bad = verify(videos.files, digests=videos.digests)
        assert not good.problem
        assert bad.problem.startswith("is not what was prepared")


def test_a_file_that_no_manifest_lists_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((6, 4, 4, 3), np.uint8))
    with pytest.raises(VideoError, match="is not in the manifest of raw frames"):
        VideoStore(tmp_path).frames(Record("a", "a.npy", 0, "train"))


def test_damaged_originals_are_refused_by_name(tmp_path: Path) -> None:
    root = tmp_path / "videos"
    root.mkdir()
    (root / "a.avi").write_bytes(b"no video")
    with Prepare(root, ["a.avi"], tmp_path / "made", HOW, 1).opened() as work:
        (found,) = work.run()
    assert isinstance(found, Refused)
    assert not list((tmp_path / "made").glob("*.npy"))


@pytest.mark.parametrize("count", [2, 4])
def test_a_wrong_number_of_frames_is_no_file(tmp_path: Path, count: int) -> None:
    frames = [np.zeros((4, 4, 3), np.uint8)] * 3
    with pytest.raises(VideoError, match=f"3 of {count} frames were written"):
        write_frames(tmp_path / "a.npy", frames, count)
