import struct
from pathlib import Path

import pytest

from severe_bench.data.decoders.extent import missing_bytes

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
