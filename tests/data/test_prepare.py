import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest

from severe_bench.config.prepared import Prepared
from severe_bench.core.digest import file_digest
from severe_bench.core.errors import UserError
from severe_bench.core.extras import STARTS, TUBES
from severe_bench.core.record import Dataset, Record
from severe_bench.data import reencode as module
from severe_bench.data.made import Made
from severe_bench.data.prepare import Prepare, Refused, Work, names_of
from severe_bench.data.prepared import MANIFEST, Manifest, of_prepared, prepared_folder
from severe_bench.data.reencode import reencode, size_of
from severe_bench.data.store import VideoStore
from severe_bench.data.video import VideoError, decoder_name, probe, read_frames
from tests.data.zoo import ZOO, Animal, irregular, numbers_of

HOW = Prepared(short_side=32)
BY_NAME = {animal.name: animal for animal in ZOO}
KINDS = ["xvid_packed.avi", "h264_open.mkv", "vp9_no_duration.webm", "av1.mp4", "h264_10bit.mp4",
         "h264_odd.mp4", "h264_edit_list_b.mp4", "h264_one_frame.mp4", "mpeg2_b.mpg"]  # fmt: skip


def made_of(animal: Animal, folder: Path, how: Prepared = HOW) -> tuple[Path, Made]:
    path = animal.write(folder)
    target = folder / "out" / "made.mp4"
    return target, reencode(path, animal.name, target, "made.mp4", how)


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_becomes_a_file_that_decord_reads_rightly(tmp_path: Path, name: str) -> None:
    animal = BY_NAME[name]
    target, made = made_of(animal, tmp_path)
    info = probe(target)
    assert (made.frames, info.frames, made.resampled) == (animal.count, animal.count, False)
    assert min(info.height, info.width) == 32
    assert info.fps == pytest.approx(25)
    assert info.seekable
    assert info.times is None
    assert decoder_name(target).startswith("decord")
    asked = [animal.count - 1, 0, animal.count // 2]
    assert numbers_of(read_frames(target, asked)) == [animal.numbers[n] for n in asked]


def test_short_groups_without_b_frames_at_a_constant_rate(tmp_path: Path) -> None:
    target, _ = made_of(BY_NAME["h264_b_long_group.mp4"], tmp_path)
    with av.open(str(target)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    keys = [number for number, packet in enumerate(packets) if packet.is_keyframe]
    assert keys == list(range(0, 48, 12))
    assert [packet.pts for packet in packets] == [packet.dts for packet in packets]
    assert len({b.pts - a.pts for a, b in itertools.pairwise(packets)}) == 1


def test_a_turned_video_is_written_upright(tmp_path: Path) -> None:
    animal = BY_NAME["h264_rotated_90.mp4"]
    target, _ = made_of(animal, tmp_path, Prepared(short_side=48))
    frames = read_frames(target, [5, 40])
    assert frames.shape == (2, 64, 48, 3)
    assert numbers_of(animal.upright(frames)) == [5, 40]


def test_colours_stay(tmp_path: Path) -> None:
    animal = BY_NAME["mjpeg.avi"]
    target, _ = made_of(animal, tmp_path, Prepared(short_side=48, crf=4))
    before = read_frames(tmp_path / animal.name, [9]).astype(int)
    assert np.abs(before - read_frames(target, [9])).mean() < 3


def test_a_varying_rate_becomes_constant_by_the_clock(tmp_path: Path) -> None:
    animal = BY_NAME["vfr_b.mp4"]
    target, made = made_of(animal, tmp_path)
    assert made.resampled
    shown = [
        max(n for n in range(48) if irregular(n) <= 1000 * k / made.fps + 1e-3) for k in range(48)
    ]
    assert numbers_of(read_frames(target, range(48))) == shown


@pytest.mark.parametrize(
    ("height", "width", "short_side", "size"),
    [(240, 320, 128, (128, 170)), (256, 340, 128, (128, 170)), (1080, 1920, 128, (128, 228)),
     (1920, 1080, 256, (456, 256)), (100, 120, 128, (100, 120)), (51, 65, 128, (52, 64)),
     (1, 1, 128, (2, 2))],
)  # fmt: skip
def test_sizes(height: int, width: int, short_side: int, size: tuple[int, int]) -> None:
    info = replace(VIDEO, height=height, width=width)
    assert size_of(info, short_side) == size


VIDEO = module.VideoInfo(1, 25.0, 1, 1, "h264", "mov,mp4", "yuv420p", True)


def test_digests_are_those_of_the_files(tmp_path: Path) -> None:
    target, made = made_of(BY_NAME["h264.mp4"], tmp_path)
    assert made.sha256 == file_digest(tmp_path / "h264.mp4")
    assert made.prepared_sha256 == file_digest(target)
    assert made.prepared_size == target.stat().st_size


def test_what_was_written_is_compared_with_what_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        module, "read_frames", lambda path, numbers, info: read_frames(path, numbers, info) ^ 128
    )
    with pytest.raises(VideoError, match="frame 0 is not what it was before"):
        made_of(BY_NAME["h264.mp4"], tmp_path)
    assert not list((tmp_path / "out").iterdir())


def test_what_was_written_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def less(*arguments: object) -> object:
        return list(scaled(*arguments))[:-1]

    scaled = module._scaled
    monkeypatch.setattr(module, "_scaled", less)
    with pytest.raises(VideoError, match="prepares to VideoInfo"):
        made_of(BY_NAME["h264.mp4"], tmp_path)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "videos"
    (folder / "b").mkdir(parents=True)
    for n in range(4):
        Animal(f"b/{n}.avi", "mpeg4", {"g": "12", "bf": "2"}, count=12, first=n).write(folder)
    (folder / "b" / "bad.avi").write_bytes((folder / "b" / "0.avi").read_bytes()[:4000])
    return folder


PATHS = ["b/0.avi", "b/1.avi", "b/bad.avi", "b/2.avi", "b/3.avi"]
GOOD = [path for path in PATHS if "bad" not in path]


def plan_of(root: Path, paths: list[str] = PATHS, workers: int = 2) -> Prepare:
    return Prepare(root, paths, prepared_folder(root, HOW), HOW, workers)


def finish(plan: Prepare) -> Work:
    with plan.opened() as work:
        list(work.run())
    return work


def test_a_dataset_in_parallel(root: Path) -> None:
    work = finish(plan_of(root))
    assert sorted(work.done) == GOOD
    assert list(work.refused) == ["b/bad.avi"]
    assert "truncated" in work.refused["b/bad.avi"].reason
    assert not work.left or work.left == []
    folder = prepared_folder(root, HOW)
    assert sorted(p.name for p in folder.rglob("*.mp4")) == ["0.mp4", "1.mp4", "2.mp4", "3.mp4"]
    assert set(Manifest(folder, HOW).read()) == set(GOOD)


def test_what_is_done_is_not_done_again(root: Path) -> None:
    finish(plan_of(root))
    with plan_of(root).opened() as work:
        assert work.left == ["b/bad.avi"]
        assert work.outlook().done == 4


@pytest.mark.parametrize("how", ["original touched", "prepared gone", "prepared cut", "line torn"])
def test_what_is_no_longer_so_is_done_again(root: Path, how: str) -> None:
    finish(plan_of(root))
    folder = prepared_folder(root, HOW)
    lines = (folder / MANIFEST).read_text().splitlines(keepends=True)
    number = next(n for n, line in enumerate(lines) if "b/2.avi" in line)
    if how == "original touched":
        os.utime(root / "b/2.avi", ns=(1, 1))
    elif how == "prepared gone":
        (folder / "b/2.mp4").unlink()
    elif how == "prepared cut":
        (folder / "b/2.mp4").write_bytes(b"")
    else:
        lines.append(lines.pop(number)[:40])
        (folder / MANIFEST).write_text("".join(lines))
        Manifest(folder, HOW).announce("b/2.avi", "b/2.mp4")  # as a kill leaves it
    work = finish(plan_of(root, GOOD))
    assert sorted(work.done) == GOOD
    assert numbers_of(read_frames(folder / "b/2.mp4", [3])) == [5]
    assert sorted(Manifest(folder, HOW).read()) == GOOD


def test_the_outlook_is_measured(root: Path) -> None:
    with plan_of(root, GOOD).opened() as work:
        outlook = work.outlook()
        assert (outlook.videos, outlook.done, outlook.bytes) == (4, 4, 0)
        assert outlook.free > 0


def test_the_outlook_scales_with_what_is_left(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("severe_bench.data.prepare.TRIED", 2)
    with plan_of(root, GOOD).opened() as work:
        outlook = work.outlook()
        assert outlook.done == 2
        estimate = sum(made.prepared_size for made in work.done.values())
        assert 0.5 < outlook.bytes / estimate < 2


def test_a_killed_prepare_goes_on(root: Path) -> None:
    code = """
import sys, time
from pathlib import Path
from severe_bench.data import prepare
from severe_bench.config.prepared import Prepared
root, folder = map(Path, sys.argv[1:])
plan = prepare.Prepare(root, sys.stdin.read().split(), folder, Prepared(short_side=32), 1)
with plan.opened() as work:
    for made in work.run():
        print(made.path, flush=True)
        if len(work.done) == 2:
            time.sleep(600)
"""
    folder = prepared_folder(root, HOW)
    arguments = [sys.executable, "-c", code, str(root), str(folder)]
    with subprocess.Popen(
        arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("\n".join(GOOD))
        process.stdin.close()
        assert process.stdout.readline()
        assert process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    litter = folder / "b" / "9.partial-1234abcd.mp4"
    litter.write_bytes(b"half a video")
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            work = finish(plan_of(root, GOOD))
            break
        except UserError:
            time.sleep(0.1)
    assert sorted(work.done) == GOOD
    assert not litter.exists()
    lines = (folder / MANIFEST).read_text().splitlines()[1:]
    assert len({json.loads(line)["path"] for line in lines}) == 4


def test_other_settings_are_refused(root: Path) -> None:
    finish(plan_of(root, GOOD[:1]))
    with pytest.raises(UserError, match=r"were prepared as .*use another folder"):
        Manifest(prepared_folder(root, HOW), Prepared(short_side=64)).read()


def test_one_at_a_time(root: Path) -> None:
    with (
        plan_of(root).opened(),
        pytest.raises(UserError, match="another prepare"),
        plan_of(root).opened(),
    ):
        pass


def test_names() -> None:
    assert names_of(["a/b.avi", "a/c.d.webm"]) == {"a/b.avi": "a/b.mp4", "a/c.d.webm": "a/c.d.mp4"}
    with pytest.raises(UserError, match=r"'a\.avi' and 'a\.mkv' would both become 'a\.mp4'"):
        names_of(["a.avi", "a.mkv"])
    for outside in ("/a.avi", "../a.avi"):
        with pytest.raises(UserError, match="outside the root"):
            names_of([outside])


def dataset_of(root: Path, paths: list[str]) -> Dataset:
    return Dataset("d", root, ("a",), tuple(Record(p, p, 0, "train") for p in paths))


def test_a_dataset_of_prepared_videos(root: Path) -> None:
    finish(plan_of(root))
    dataset = of_prepared(dataset_of(root, GOOD), HOW)
    assert [record.sample for record in dataset.records] == GOOD
    assert numbers_of(VideoStore(dataset.root).clip(dataset.records[3], [0, 7])) == [3, 10]
    moved = prepared_folder(root, HOW).rename(root.with_name("elsewhere"))
    assert of_prepared(dataset_of(root, GOOD), HOW, moved).root == moved


def test_videos_that_are_not_prepared_are_named(root: Path) -> None:
    finish(plan_of(root))
    with pytest.raises(UserError, match=r"1 of 5 videos are not prepared, e\.g\. b/bad\.avi"):
        of_prepared(dataset_of(root, PATHS), HOW)


@pytest.mark.parametrize("extras", [STARTS.set((0, 9)), TUBES.set(())])
def test_frame_numbers_of_an_original_with_a_varying_rate_are_refused(
    tmp_path: Path, extras: Mapping[str, object]
) -> None:
    _, made = made_of(BY_NAME["vfr_b.mp4"], tmp_path)
    folder = prepared_folder(tmp_path, HOW)
    folder.mkdir(parents=True)
    manifest = Manifest(folder, HOW)
    manifest.begin()
    manifest.add(made)
    plain = Record("v", made.path, 0, "test")
    dataset = Dataset("d", tmp_path, ("a",), (plain,))
    assert of_prepared(dataset, HOW).records[0].path == made.prepared
    numbered = replace(dataset, records=(replace(plain, extras=extras),))
    with pytest.raises(UserError, match="its frame rate varies, so that its annotated frames"):
        of_prepared(numbered, HOW)
    assert of_prepared(replace(numbered, missing=frozenset({"v"})), HOW).missing == {"v"}


def test_a_refusal_is_a_result(root: Path) -> None:
    with plan_of(root, ["b/gone.avi"]).opened() as work:
        (found,) = work.run()
    assert found == Refused("b/gone.avi", found.reason)  # type: ignore[union-attr]
    assert work.left == []


def test_a_missing_original_is_refused_by_name(tmp_path: Path) -> None:
    with plan_to(tmp_path / "videos", tmp_path / "made", ["gone.mp4"]).opened() as work:
        assert list(work.run()) == [Refused("gone.mp4", "no such video")]


def test_originals_are_not_overwritten(root: Path) -> None:
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    for out in (root, root / "b", root / "small", root.parent, root.parent / "b" / ".." / "videos"):
        with (
            pytest.raises(UserError, match="cannot lie in, around or at the originals' folder"),
            Prepare(root, PATHS, out, HOW, 1).opened(),
        ):
            pass
    assert {path: path.read_bytes() for path in root.rglob("*") if path.is_file()} == before


def test_originals_behind_a_link_are_not_overwritten(root: Path, tmp_path: Path) -> None:
    linked = tmp_path / "linked"
    linked.mkdir()
    (linked / "b").symlink_to(root / "b")
    with pytest.raises(UserError, match="originals' folder"), plan_to(linked, root / "b").opened():
        pass


def plan_to(root: Path, out: Path, paths: list[str] = GOOD) -> Prepare:
    return Prepare(root, paths, out, HOW, 1)


def test_files_of_others_are_not_overwritten(root: Path, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    (victim / "b").mkdir(parents=True)
    (victim / "b" / "1.mp4").write_bytes(b"precious")
    with (
        pytest.raises(UserError, match=r"1 files that prepare did not make .* first b/1\.mp4"),
        plan_to(root, victim).opened(),
    ):
        pass
    assert (victim / "b" / "1.mp4").read_bytes() == b"precious"
    assert sorted(path.name for path in victim.iterdir()) == ["b"]


def test_a_file_that_a_kill_left_unlisted_is_made_again(root: Path) -> None:
    folder = prepared_folder(root, HOW)
    finish(plan_of(root, GOOD[:1]))
    assert not (folder / ".begun").exists()
    Manifest(folder, HOW).announce("b/1.avi", "b/1.mp4")
    (folder / "b/1.mp4").write_bytes(b"renamed, and not listed")
    assert sorted(finish(plan_of(root, GOOD)).done) == GOOD


def test_a_folder_of_other_originals_is_refused(root: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / "b").mkdir(parents=True)
    Animal("b/0.avi", "mpeg4", {"g": "12"}, count=12, first=20).write(other)
    folder = prepared_folder(root, HOW)
    finish(plan_of(root, GOOD))
    with (
        pytest.raises(UserError, match=r"holds the prepared videos of .*videos, not of .*other"),
        plan_to(other, folder, ["b/0.avi"]).opened(),
    ):
        pass
    with pytest.raises(UserError, match=r"and b/0\.avi in .*other is not the same"):
        of_prepared(dataset_of(other, ["b/0.avi"]), HOW, folder)
    without_root(folder)
    with pytest.raises(UserError, match="1 of its videos were made from other originals"):
        finish(plan_to(other, folder, ["b/0.avi"]))
    with pytest.raises(UserError, match="1 of 1 originals changed since"):
        of_prepared(dataset_of(other, ["b/0.avi"]), HOW, folder)
    assert of_prepared(dataset_of(root, GOOD), HOW, folder).root == folder
    assert sorted(finish(plan_of(root, GOOD)).done) == GOOD


def without_root(folder: Path) -> None:
    """As older manifests are."""
    head, *lines = (folder / MANIFEST).read_text().splitlines(keepends=True)
    older = {key: value for key, value in json.loads(head).items() if key != "root"}
    (folder / MANIFEST).write_text("".join([json.dumps(older, sort_keys=True) + "\n", *lines]))


def test_an_original_that_changed_is_prepared_again(root: Path) -> None:
    finish(plan_of(root))
    Animal("b/2.avi", "mpeg4", {"g": "12"}, count=12, first=30).write(root)
    with pytest.raises(UserError, match=r"1 of 4 originals changed since, e\.g\. b/2\.avi.*again"):
        of_prepared(dataset_of(root, GOOD), HOW)
    finish(plan_of(root))
    dataset = of_prepared(dataset_of(root, GOOD), HOW)
    assert numbers_of(VideoStore(dataset.root).clip(dataset.records[2], [0])) == [30]
    (root / "b/2.avi").unlink()
    assert of_prepared(dataset_of(root, GOOD), HOW).records == dataset.records


def test_originals_that_moved_are_the_same(root: Path) -> None:
    finish(plan_of(root))
    folder, moved = prepared_folder(root, HOW), root.rename(root.with_name("moved"))
    assert of_prepared(dataset_of(moved, GOOD), HOW, folder).root == folder
    (moved / "b/0.avi").unlink()
    with pytest.raises(UserError, match=r"b/0\.avi in .*moved is not the same"):
        of_prepared(dataset_of(moved, GOOD), HOW, folder)
