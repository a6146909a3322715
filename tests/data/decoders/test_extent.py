import struct
from pathlib import Path

import pytest

from severe_bench.data import video
from severe_bench.data.decoders.extent import missing_bytes
from severe_bench.data.video import VideoError
from tests.data.zoo import ZOO

EBML = b"\x1a\x45\xdf\xa3"
SEGMENT = b"\x18\x53\x80\x67"


def riff(size: int, there: int) -> bytes:
    return b"RIFF" + struct.pack("<I", size) + b"AVI " + bytes(there)


def lost(folder: Path, content: bytes) -> int:
    path = folder / "video"
    path.write_bytes(content)
    return missing_bytes(path)


@pytest.mark.parametrize(
    ("content", "missing"),
    [
        (riff(104, 100), 0),
        (riff(104, 60), 40),
        (riff(104, 200), 0),
        (riff(0, 100), 0),
        (riff(0xFFFFFFFF, 100), 0),
        (riff(104, 100) + riff(54, 50), 0),
        (riff(104, 100) + riff(54, 20), 30),
        (riff(103, 99) + b"\0" + riff(54, 20), 30),
        (riff(104, 100) + b"junk" + bytes(100), 0),
    ],
)
def test_avi_with_one_or_several_lists(tmp_path: Path, content: bytes, missing: int) -> None:
    assert lost(tmp_path, content) == missing


@pytest.mark.parametrize(
    ("sizes", "body", "missing"),
    [
        ((b"\x83", b"\xe4"), 100, 0),
        ((b"\x83", b"\xe4"), 70, 30),
        ((b"\x83", b"\x40\x64"), 70, 30),
        ((b"\x83", b"\x01\x00\x00\x00\x00\x00\x00\x64"), 99, 1),
        ((b"\x83", b"\xff"), 70, 0),
        ((b"\x83", b"\x01" + b"\xff" * 7), 70, 0),
        ((b"\x83", b"\x00"), 70, 0),
        ((b"\x83", b"\x01\x00"), 0, 0),
    ],
)
def test_matroska(tmp_path: Path, sizes: tuple[bytes, bytes], body: int, missing: int) -> None:
    head, segment = sizes
    assert lost(tmp_path, EBML + head + b"abc" + SEGMENT + segment + bytes(body)) == missing


@pytest.mark.parametrize("content", [b"", b"RI", b"RIFF", EBML, EBML + b"\x83abcother", b"\0" * 99])
def test_what_promises_nothing(tmp_path: Path, content: bytes) -> None:
    assert lost(tmp_path, content) == 0


@pytest.mark.parametrize(
    ("name", "cut"), [("wmv2.wmv", 2245), ("wmv2.wmv", 3713), ("h264_b.flv", 2877)]
)
def test_files_cut_between_packets_are_refused(tmp_path: Path, name: str, cut: int) -> None:
    (animal,) = (animal for animal in ZOO if animal.name == name)
    path = animal.write(tmp_path)
    assert missing_bytes(path) == 0
    whole = path.read_bytes()
    path.write_bytes(whole[:cut])
    with pytest.raises(VideoError, match=f"{len(whole) - cut} bytes are missing"):
        video.probe(path)


def asf(flags: int) -> bytes:
    properties = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365") + bytes(24)
    size, packets = struct.pack("<Q", 150), bytes(40)
    return b"\x30\x26\xb2\x75" + bytes(26) + properties + size + packets + struct.pack("<I", flags)


@pytest.mark.parametrize(
    ("content", "missing"),
    [
        (asf(2), 28),
        (asf(3), 0),
        (asf(2)[:-1], 0),
        (b"FLV\x01\x00\x08filesize\x00" + struct.pack(">d", 100), 77),
        (b"FLV\x01\x00\x08filesize\x00" + struct.pack(">d", float("nan")), 0),
        (b"FLV\x01\x00\x08filesize\x00" + b"\x40", 0),
        (b"FLV\x01" + bytes(40), 0),
    ],
)
def test_asf_and_flv(tmp_path: Path, content: bytes, missing: int) -> None:
    assert lost(tmp_path, content) == missing
