"""How a picture is turned and mirrored before it is shown, as players do."""

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from severe_bench.data.decoders.decoder import Frames, VideoError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from av.sidedata.sidedata import SideData
    from av.video.frame import VideoFrame

MATRIX = "DISPLAYMATRIX"
"""Name of FFmpeg's frame side data: nine 32-bit integers, three rows (a b u, c d v, x y w)."""


@dataclass(frozen=True)
class Orientation:
    """One of the eight ways to put a rectangle upright: transpose, then mirror.

    Args:
        transposed: rows become columns.
        mirrored: left and right change places.
        flipped: top and bottom change places.
    """

    transposed: bool = False
    mirrored: bool = False
    flipped: bool = False

    def shown(self, frame: Frames) -> Frames:
        """A decoded frame (H, W, 3) as it is shown."""
        if self.transposed:
            frame = frame.transpose(1, 0, 2)
        return frame[:: -1 if self.flipped else 1, :: -1 if self.mirrored else 1]

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Height and width of a decoded frame as it is shown."""
        return (width, height) if self.transposed else (height, width)


UPRIGHT = Orientation()


def orientation_of(picture: "VideoFrame", path: str) -> Orientation:
    """What the display matrix of a decoded frame asks for.

    Raises:
        VideoError: it turns by something else than quarters.
    """
    for data in cast("Iterable[SideData]", picture.side_data):
        if data.type.name == MATRIX:
            return _of_matrix(bytes(data), path)
    return UPRIGHT


def _of_matrix(matrix: bytes, path: str) -> Orientation:
    """A decoded pixel at (x, y) is shown at (a x + c y, b x + d y), up to a shift."""
    a, b, _, c, d, *_ = struct.unpack("=9i", matrix[:36])
    straight, crossed = np.array([a, d]), np.array([c, b])
    if not crossed.any() and straight.all():
        return Orientation(False, bool(a < 0), bool(d < 0))
    if not straight.any() and crossed.all():
        return Orientation(True, bool(c < 0), bool(b < 0))
    raise VideoError("is turned by something else than quarters", path, "re-encode the file")
