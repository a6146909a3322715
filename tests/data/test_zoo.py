"""Every kind of file against what it states: right frames, right times, or a refusal."""

from pathlib import Path

import numpy as np
import pytest

from severe_bench.data import video
from severe_bench.data.decoders.pyav import PyAvDecoder
from severe_bench.data.decoders.seeking import PyAvSeeker
from severe_bench.data.video import VideoError
from tests.data.zoo import ZOO, Animal, numbers_of

SETS = 12
BY_NAME = {animal.name: animal for animal in ZOO}
every_animal = pytest.mark.parametrize("animal", ZOO, ids=lambda animal: animal.name)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("zoo")


def path_of(folder: Path, animal: Animal) -> Path:
    path = folder / animal.name
    return path if path.exists() else animal.write(folder)


def draws(animal: Animal, sets: int, seed: int = 0) -> list[list[int]]:
    rng = np.random.default_rng(seed)
    return [rng.integers(0, animal.count, rng.integers(1, 9)).tolist() for _ in range(sets)]


def wrong(animal: Animal, frames: np.ndarray, asked: list[int]) -> bool:
    return numbers_of(animal.upright(frames)) != [animal.numbers[index] for index in asked]


def test_the_zoo_is_large() -> None:
    assert len(BY_NAME) == len(ZOO) >= 60


@every_animal
def test_the_frames_asked_for_come_back(folder: Path, animal: Animal) -> None:
    path = path_of(folder, animal)
    info = video.probe(path)
    assert info.frames == animal.count
    assert not any(
        wrong(animal, video.read_frames(path, asked, info), asked) for asked in draws(animal, SETS)
    )


@every_animal
def test_times_are_those_of_presentation(folder: Path, animal: Animal) -> None:
    info = video.probe(path_of(folder, animal))
    assert (info.times is not None) == (animal.times is not None and "vfr" in animal.name)
    found = info.times or [number / info.fps for number in range(info.frames)]
    wanted = [second - animal.seconds[0] for second in animal.seconds]
    assert np.allclose(found, wanted, atol=0.002)


@every_animal
def test_seeking_by_time_is_exact_without_decord(folder: Path, animal: Animal) -> None:
    path = path_of(folder, animal)
    info = video.probe(path)
    if not info.seekable:
        assert isinstance(video.decoder_for(info), PyAvDecoder)
        return
    for asked in draws(animal, SETS, seed=1):
        distinct = sorted(set(asked))
        assert not wrong(animal, PyAvSeeker().read(path, distinct, info), distinct)


def test_frames_far_apart_are_sought_one_by_one(folder: Path) -> None:
    animal = Animal("long.mp4", options={"g": "8", "bf": "0", "preset": "ultrafast"}, count=120)
    path = animal.write(folder)
    asked = [0, 3, 60, 119]
    frames = PyAvSeeker().read(path, asked, video.probe(path))
    assert numbers_of(frames) == asked


@pytest.mark.parametrize("degrees", [-90, 90, 180])
def test_turned_videos_come_upright(folder: Path, degrees: int) -> None:
    """As players do and decord does, though only of squares are its pixels right."""
    import decord

    animal = Animal(f"square_{degrees}.mp4", height=64, degrees=degrees)
    path = animal.write(folder)
    ours = video.read_frames(path, [5])[0]
    theirs = decord.VideoReader(str(path))[5].asnumpy()
    assert np.abs(ours.astype(int) - theirs).max() <= 2


def test_a_mirrored_video_is_mirrored(folder: Path) -> None:
    """decord turns it by 180 degrees instead."""
    animal = BY_NAME["h264_mirrored.mp4"]
    plain = path_of(folder, BY_NAME["h264_b.mp4"])
    ours = video.read_frames(path_of(folder, animal), [5])
    assert np.abs(ours[:, :, ::-1].astype(int) - video.read_frames(plain, [5])).max() <= 2


@pytest.mark.parametrize("name", ["h264_10bit.mp4", "hevc_10bit.mp4", "av1.mp4"])
def test_what_decord_reads_differently_it_does_not_read(folder: Path, name: str) -> None:
    assert video.decoder_name(path_of(folder, BY_NAME[name])).startswith("pyav")


def test_where_decord_fails_another_back_end_reads(folder: Path) -> None:
    """It cannot open a webm without duration."""
    from severe_bench.data.decoders.decord import DecordDecoder

    animal = BY_NAME["vp9_no_duration.webm"]
    path = path_of(folder, animal)
    info = video.probe(path)
    assert isinstance(video.decoder_for(info), DecordDecoder)
    with pytest.raises(VideoError):
        DecordDecoder().read(path, [7], info)
    assert not wrong(animal, video.read_frames(path, [7, 40], info), [7, 40])


def test_damage_in_a_large_file_is_found_when_it_is_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files too large to be looked through are not left to decord, which would not tell."""
    import av

    monkeypatch.setattr("severe_bench.data.decoders.inspecting.CHECKED_BYTES", 0)
    whole = path_of(folder, BY_NAME["h264.mp4"])
    content = bytearray(whole.read_bytes())
    with av.open(str(whole)) as container:
        packet = [packet for packet in container.demux(video=0) if packet.size][16]
        at, size = packet.pos, packet.size
    content[at + size // 2 : at + size] = bytes(size - size // 2)
    path = folder / "damaged_large.mp4"
    path.write_bytes(content)
    info = video.probe(path)
    assert not info.checked
    assert numbers_of(video.read_frames(path, [3], info)) == [3]
    with pytest.raises(VideoError, match=r"frame 16 is damaged|cannot be decoded"):
        video.read_frames(path, [16], info)


def lying_avi(path: Path, whole: Path, frames: int) -> None:
    """The header's counts of frames changed."""
    content = bytearray(whole.read_bytes())
    count = frames.to_bytes(4, "little")
    main, stream = content.index(b"avih") + 8, content.index(b"strh") + 8
    content[main + 16 : main + 20] = count
    content[stream + 32 : stream + 36] = count
    path.write_bytes(content)


@pytest.mark.parametrize("name", ["xvid_b.avi", "xvid_packed.avi", "h264_b.avi", "mjpeg.avi"])
@pytest.mark.parametrize("claimed", [49, 96])
def test_a_header_that_claims_more_frames_is_refused(folder: Path, name: str, claimed: int) -> None:
    path = folder / f"lying_{claimed}_{name}"
    lying_avi(path, path_of(folder, BY_NAME[name]), claimed)
    with pytest.raises(VideoError, match=f"truncated \\(48 of {claimed} frames are there\\)"):
        video.probe(path)


@pytest.mark.parametrize(
    "name",
    ["xvid_b.avi", "h264_b.avi", "h264_b.mp4", "h264_faststart.mp4", "h264_pyramid.mkv",
     "h264_fragments.mp4", "vp9.webm", "av1.webm", "ffv1.mkv"],
)  # fmt: skip
@pytest.mark.parametrize("keep", [0.3, 0.6, 0.9])
def test_what_is_cut_off_is_refused(folder: Path, name: str, keep: float) -> None:
    content = path_of(folder, BY_NAME[name]).read_bytes()
    path = folder / f"cut_{keep}_{name}"
    path.write_bytes(content[: int(len(content) * keep)])
    with pytest.raises(VideoError, match=r"truncated|cannot be decoded"):
        video.probe(path)


def dropped(path: Path, folder: Path) -> None:
    """Every second chunk of an AVI from the sixth on left empty, as recorders do."""
    from fractions import Fraction
    from typing import Any

    import av

    from tests.data.zoo import remux

    whole = Animal("gaps_whole.avi", "mpeg4", {"g": "12", "bf": "0"}, count=20).write(folder)

    def spaced(packets: list[Any]) -> list[Any]:
        made = []
        for number, old in enumerate(packets):
            packet = av.Packet(bytes(old))
            packet.pts = packet.dts = number if number < 6 else number * 2
            packet.time_base, packet.is_keyframe = Fraction(1, 25), old.is_keyframe
            made.append(packet)
        return made

    remux(whole, path, spaced)


def test_dropped_frames_in_an_avi_are_no_truncation(folder: Path) -> None:
    path = folder / "gaps.avi"
    dropped(path, folder)
    info = video.probe(path)
    assert info.frames == 20
    assert info.times is not None
    assert np.allclose(info.times, [(n if n < 6 else 2 * n) / 25 for n in range(20)])
    assert numbers_of(video.read_frames(path, [19, 3])) == [19, 3]


STRAIGHT = [(1, 0, 0, 1), (-1, 0, 0, 1), (1, 0, 0, -1), (-1, 0, 0, -1)]
CROSSED = [(0, 1, 1, 0), (0, 1, -1, 0), (0, -1, 1, 0), (0, -1, -1, 0)]


@pytest.mark.parametrize("turn", STRAIGHT + CROSSED)
def test_each_of_the_eight_orientations(turn: tuple[int, int, int, int]) -> None:
    """Pixel (x, y) must land at (a x + c y, b x + d y), shifted into the picture."""
    import struct

    from severe_bench.data.decoders.orientation import _of_matrix

    a, b, c, d = turn
    one = 1 << 16
    matrix = struct.pack("=9i", a * one, b * one, 0, c * one, d * one, 0, 0, 0, 1 << 30)
    frame = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    places = {(a * x + c * y, b * x + d * y): frame[y, x] for x in range(3) for y in range(2)}
    left, top = min(x for x, _ in places), min(y for _, y in places)
    orientation = _of_matrix(matrix, "a.mp4")
    shown = orientation.shown(frame)
    assert shown.shape[:2] == orientation.size(2, 3)
    for (x, y), pixel in places.items():
        assert np.array_equal(shown[y - top, x - left], pixel)


def test_a_slanted_picture_is_refused() -> None:
    import struct

    from severe_bench.data.decoders.orientation import _of_matrix

    slanted = struct.pack("=9i", 46341, 46341, 0, -46341, 46341, 0, 0, 0, 1 << 30)
    with pytest.raises(VideoError, match=r"a\.mp4: is turned by something else than quarters"):
        _of_matrix(slanted, "a.mp4")
