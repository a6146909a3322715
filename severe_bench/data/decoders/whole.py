"""Whether a file begins and ends where its container may: demuxers start and stop anywhere."""

from pathlib import Path

from severe_bench.data.decoders.ebml import damaged_at

PACK = b"\x00\x00\x01\xba"
"""Begins an MPEG program stream (ISO 13818-1, section 2.5.3.3)."""

SYNC = 0x47
PACKETS = {188: 0, 192: 4, 204: 0}
"""Sizes of a transport packet, plain, with a time before it, with a check sum after it; and where
its sync byte stands (ISO 13818-1, section 2.4.3.2)."""


def amiss(path: Path, kinds: set[str]) -> str:
    """What is wrong with the file as a whole, in words; empty where nothing is seen.

    Args:
        path: of the file.
        kinds: FFmpeg's names of its container.
    """
    if "matroska" in kinds and (at := damaged_at(path)) is not None:
        return f"is damaged (no element of its container begins at byte {at})"
    if "mpegts" in kinds:
        return _transport(path)
    if "mpeg" in kinds and _head(path, len(PACK)) != PACK:
        return "is truncated (its beginning is missing)"
    return ""


def _transport(path: Path) -> str:
    head, length = _head(path, 2 * max(PACKETS)), path.stat().st_size
    sizes = [
        size
        for size, at in PACKETS.items()
        if head[at : at + 1] == bytes([SYNC])
        and head[at + size : at + size + 1] in (bytes([SYNC]), b"")
    ]
    if not sizes:
        return "is truncated (it does not begin with a packet)"
    if all(length % size for size in sizes):
        return f"is truncated (its last packet has {length % sizes[0]} of {sizes[0]} bytes)"
    return ""


def _head(path: Path, count: int) -> bytes:
    with path.open("rb") as stream:
        return stream.read(count)
