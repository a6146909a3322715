"""How long a container says that its file is: what was cut off its end is then known."""

import math
import struct
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from severe_bench.data.decoders.ebml import UNKNOWN, size_in

RIFF, EBML, SEGMENT = b"RIFF", b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"
ASF, FLV, FLV_SIZE = b"\x30\x26\xb2\x75", b"FLV\x01", b"\x00\x08filesize\x00"
ASF_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
ASF_SIZE_AT, ASF_FLAGS_AT, ASF_LIVE = 40, 88, 1
"""In the file properties object, from its id on; of a live recording the size means nothing (ASF
specification, section 3.2)."""
HEAD = 1 << 16
"""Bytes in which FLV and ASF files say how long they are."""


def missing_bytes(path: Path) -> int:
    """Bytes that the headers of AVI, Matroska, ASF or FLV promise and the file does not have.

    Sizes that were never filled in (a recorder that crashed, a pipe) promise nothing; nor do other
    containers, whose packets are counted instead.
    """
    with path.open("rb") as stream:
        head = stream.read(4)
        find = PROMISES.get(head)
        promised = find(stream) if find else 0
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


def _asf(stream: BinaryIO) -> int:
    """What the file properties object says."""
    head = stream.read(HEAD)
    at = head.find(ASF_PROPERTIES)
    if at < 0 or len(head) < at + ASF_FLAGS_AT + 4:
        return 0
    (size,) = struct.unpack_from("<Q", head, at + ASF_SIZE_AT)
    (flags,) = struct.unpack_from("<I", head, at + ASF_FLAGS_AT)
    return 0 if flags & ASF_LIVE else int(size)


def _flv(stream: BinaryIO) -> int:
    """What the script data `onMetaData` says (Adobe Flash Video specification, annex E.5)."""
    head = stream.read(HEAD)
    at = head.find(FLV_SIZE) + len(FLV_SIZE)
    if at < len(FLV_SIZE) or len(head) < at + 8:
        return 0
    (size,) = struct.unpack_from(">d", head, at)
    return int(size) if math.isfinite(size) else 0


PROMISES: dict[bytes, Callable[[BinaryIO], int]] = {RIFF: _riff, EBML: _ebml, ASF: _asf, FLV: _flv}
