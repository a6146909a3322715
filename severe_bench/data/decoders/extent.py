"""How long a container says that its file is: what was cut off its end is then known."""

import struct
from pathlib import Path
from typing import BinaryIO

from severe_bench.data.decoders.ebml import UNKNOWN, size_in

RIFF, EBML, SEGMENT = b"RIFF", b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"


def missing_bytes(path: Path) -> int:
    """Bytes that the headers of an AVI or Matroska file promise and the file does not have.

    Sizes that were never filled in (a recorder that crashed, a pipe) promise nothing; nor do other
    containers, whose packets are counted instead.
    """
    with path.open("rb") as stream:
        head = stream.read(4)
        promised = _riff(stream) if head == RIFF else _ebml(stream) if head == EBML else 0
    return max(0, promised - path.stat().st_size)


def _riff(stream: BinaryIO) -> int:
    """End of the last RIFF list: large AVI files have several (OpenDML)."""
    stream.seek(0)
    end = 0
    while len(head := stream.read(8)) == 8 and head[:4] == RIFF:
        (size,) = struct.unpack("<I", head[4:])
        if size in (0, 0xFFFFFFFF):
            return 0
        end = stream.tell() + size
        stream.seek(end + (size & 1))  # lists begin at even places
    return end


def _ebml(stream: BinaryIO) -> int:
    """End of the first segment (RFC 8794, section 6; RFC 9559, section 5.1)."""
    size = size_in(stream)
    if size is None or size == UNKNOWN:
        return 0
    stream.seek(size, 1)
    if stream.read(4) != SEGMENT:
        return 0
    size = size_in(stream)
    return 0 if size is None or size == UNKNOWN else stream.tell() + size
