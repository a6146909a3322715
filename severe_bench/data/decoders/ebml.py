"""Whether the elements of a Matroska or webm file follow one another without a gap.

A demuxer passes over what it cannot read and looks for the next cluster: frames are then missing,
or are decoded against the wrong ones, and nobody is told. Only the heads of elements are read.
"""

from pathlib import Path
from typing import BinaryIO

SEGMENT, CLUSTER, ANYWHERE = 0x18538067, 0x1F43B675, frozenset((0xEC, 0xBF))
IN_SEGMENT = ANYWHERE | {
    CLUSTER, 0x114D9B74, 0x1549A966, 0x1654AE6B, 0x1C53BB6B, 0x1941A469, 0x1043A770, 0x1254C367,
}  # fmt: skip
IN_CLUSTER = ANYWHERE | {0xE7, 0xA7, 0xAB, 0xA3, 0xA0, 0xAF, 0x5854}
"""Element ids (RFC 8794, section 11.3; RFC 9559, section 5.1 and its annex of old elements)."""

LONGEST_ID = 4
UNKNOWN = -1
"""Size of an element that ends where its parent does or the next of its kind begins."""


def damaged_at(path: Path) -> int | None:
    """Byte at which no element begins where one should; None where all is well.

    An element that Matroska does not know counts as damage: none was added at these levels since
    its first version. Below elements of unknown size (live recordings) nothing is said.
    """
    end = path.stat().st_size
    with path.open("rb") as stream:
        while stream.tell() < end:
            begin = stream.tell()
            head = _head(stream, end)
            if head is None:
                return begin
            name, size = head
            if size == UNKNOWN:
                return None
            inside = stream.tell() + size
            found = _within(stream, inside, IN_SEGMENT) if name == SEGMENT else None
            if found is not None:
                return found
            stream.seek(inside)
    return None


def _within(stream: BinaryIO, end: int, known: frozenset[int]) -> int | None:
    """As `damaged_at`, of the elements up to `end`; those of clusters too."""
    while stream.tell() < end:
        begin = stream.tell()
        head = _head(stream, end)
        if head is None or head[0] not in known:
            return begin
        name, size = head
        if size == UNKNOWN:
            return None
        inside = stream.tell() + size
        if name == CLUSTER and (found := _within(stream, inside, IN_CLUSTER)) is not None:
            return found
        stream.seek(inside)
    return None


def _head(stream: BinaryIO, end: int) -> tuple[int, int] | None:
    """Id and size of the element that begins here; None where there is none that fits."""
    first = stream.read(1)
    length = 9 - first[0].bit_length() if first else 9
    if length > LONGEST_ID:
        return None
    name = int.from_bytes(first + stream.read(length - 1), "big")
    size = size_in(stream)
    if size is None or (size != UNKNOWN and stream.tell() + size > end):
        return None
    return name, size


def size_in(stream: BinaryIO) -> int | None:
    """The size of one to eight bytes that stands here, or `UNKNOWN`; None where none does."""
    first = stream.read(1)
    if not first or first[0] == 0:
        return None
    more = 8 - first[0].bit_length()
    rest = stream.read(more)
    if len(rest) < more:
        return None
    value = int.from_bytes(bytes([first[0] & (0x7F >> more)]) + rest, "big")
    return UNKNOWN if value == (1 << 7 * (more + 1)) - 1 else value
