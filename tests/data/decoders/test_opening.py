"""Which stream of a file is its film: cover pictures and second films."""

import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from severe_bench.data import video
from severe_bench.data.decoders.decord import DecordDecoder, decord_usable
from severe_bench.data.decoders.opening import COVER
from severe_bench.data.video import VideoError
from tests.data.zoo import ZOO, numbers_of, picture

CLOSED = {"preset": "ultrafast", "x264-params": "keyint=12:bframes=0"}
COUNT, OTHER, COVERS_NUMBER = 24, 60, 99


def add_film(container: Any, crf: int) -> Any:
    stream = container.add_stream("libx264", rate=Fraction(25), options={**CLOSED, "crf": str(crf)})
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
    return stream


def add_cover(container: Any) -> Any:
    stream = container.add_stream("mjpeg", rate=Fraction(25))
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuvj420p"
    stream.disposition = COVER
    return stream


def write(container: Any, stream: Any, numbers: Sequence[int]) -> None:
    for number in numbers:
        frame = av.VideoFrame.from_ndarray(picture(number), format="rgb24")
        container.mux(stream.encode(frame))
    container.mux(stream.encode())


def with_cover(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        film, cover = add_film(container, 23), add_cover(container)
        write(container, cover, [COVERS_NUMBER])
        write(container, film, range(COUNT))
    return path


def boxes(content: bytes, at: int, end: int) -> dict[bytes, bytes]:
    """Of an mp4 file, by name; at most one of each."""
    found = {}
    while at < end:
        size, name = struct.unpack(">I4s", content[at : at + 8])
        found[name] = content[at : at + size]
        at += size
    return found


def cover_first(path: Path) -> Path:
    """The cover's box before the film's, as some writers put it: it is then stream 0."""
    content = with_cover(path).read_bytes()
    moov = boxes(content, 0, len(content))[b"moov"]
    inner = boxes(moov, 8, len(moov))
    order = sorted(inner, key=[b"mvhd", b"udta", b"trak"].index)
    path.write_bytes(content.replace(moov, moov[:8] + b"".join(inner[name] for name in order)))
    with av.open(str(path)) as container:
        assert container.streams.video[0].codec_context.name == "mjpeg"
    return path


@pytest.mark.parametrize("make", [with_cover, cover_first])
def test_a_cover_is_no_film(tmp_path: Path, make: Any) -> None:
    path = make(tmp_path / "cover.mp4")
    info = video.probe(path)
    assert (info.frames, info.codec, info.seekable) == (COUNT, "h264", True)
    assert numbers_of(video.read_frames(path, [3, 23, 0], info)) == [3, 23, 0]


def test_sound_with_a_cover_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "song.m4a"
    with av.open(str(path), "w", format="mp4") as container:
        sound, cover = container.add_stream("aac", rate=16000), add_cover(container)
        write(container, cover, [COVERS_NUMBER])
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate = 16000
        container.mux(sound.encode(frame))
        container.mux(sound.encode())
    with pytest.raises(VideoError, match="no video stream"):
        video.probe(path)


def two_films(path: Path) -> Path:
    with av.open(str(path), "w") as container:
        films = [add_film(container, crf) for crf in (40, 1)]
        for film, first in zip(films, (0, OTHER), strict=True):
            write(container, film, range(first, first + COUNT))
    return path


def test_of_two_films_the_first_is_read(tmp_path: Path) -> None:
    path = two_films(tmp_path / "two.mp4")
    info = video.probe(path)
    assert info.frames == COUNT
    assert not info.seekable
    assert numbers_of(video.read_frames(path, [3, 23, 0], info)) == [3, 23, 0]


@pytest.mark.skipif(not decord_usable(), reason="no decord")
def test_decord_would_have_read_the_other_one(tmp_path: Path) -> None:
    path = two_films(tmp_path / "two.mp4")
    found = numbers_of(DecordDecoder().read(path, [0, 3], video.probe(path)))
    assert found == [OTHER, OTHER + 3]


def test_a_film_of_no_known_codec_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "unknown.mp4"
    content = with_cover(path).read_bytes()
    path.write_bytes(content.replace(b"avc1", b"nope"))
    with pytest.raises(VideoError, match="of a codec that is not known"):
        video.probe(path)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("live.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nhttp://127.0.0.1:9/x.ts\n"),
        ("list.m3u8", "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\nh264_b.ts\n#EXT-X-ENDLIST\n"),
        ("list.mp4", "ffconcat version 1.0\nfile 'other.mp4'\n"),
    ],
)
def test_what_refers_to_other_files_is_no_video(tmp_path: Path, name: str, content: str) -> None:
    for animal in ZOO:
        if animal.name == "h264_b.ts":
            animal.write(tmp_path)
    with_cover(tmp_path / "other.mp4")
    (tmp_path / name).write_text(content)
    with pytest.raises(VideoError, match="is no video file"):
        video.probe(tmp_path / name)


def test_a_rate_that_no_film_has_is_refused(tmp_path: Path) -> None:
    (animal,) = (animal for animal in ZOO if animal.name == "xvid_no_b.avi")
    path = animal.write(tmp_path)
    content = bytearray(path.read_bytes())
    at = content.index(b"strh") + 28
    content[at : at + 8] = struct.pack("<II", 2**31, 1)
    path.write_bytes(content)
    with pytest.raises(VideoError, match=r"states 4\.66e-10 frames per second"):
        video.probe(path)
