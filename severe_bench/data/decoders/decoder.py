"""What a decoder has to do: return these very frames, or say why not."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from severe_bench.core.errors import UserError

Frames = NDArray[np.uint8]
"""(T, H, W, 3) RGB."""


class VideoError(UserError):
    """A video that cannot be read as asked; `where` is its path, `what` the reason."""

    def __init__(self, what: str, where: str = "", mend: str = "replace the file") -> None:
        super().__init__(what, where, mend)


@dataclass(frozen=True)
class VideoInfo:
    """A video as its file states it.

    Args:
        frames: number of frames that can be decoded.
        fps: mean frames per second.
        height, width: in pixels, as shown.
        codec: FFmpeg's name, e.g. `h264`.
        pixels: FFmpeg's name of the pixel format, e.g. `yuv420p`.
        container: FFmpeg's names of the format, e.g. `mov,mp4,m4a,3gp,3g2,mj2`.
        seekable: whether single frames may be sought; otherwise seeking is known to give wrong
            ones and the file is decoded from its start.
        checked: whether every frame was decoded once and found undamaged.
        start: presentation time of the first frame in seconds.
        times: presentation time of each frame after the first, in seconds, where the frame rate
            varies; None where frame i is shown at i / fps, give or take less than half a frame.
    """

    frames: int
    fps: float
    height: int
    width: int
    codec: str
    container: str
    pixels: str
    seekable: bool
    checked: bool = False
    start: float = 0.0
    times: tuple[float, ...] | None = None


class Decoder(Protocol):
    """A way to read frames."""

    @property
    def name(self) -> str:
        """Package and version, for provenance: it decides the pixels."""
        ...

    def read(self, path: Path, indices: Sequence[int], info: VideoInfo) -> Frames:
        """The frames at `indices`, ascending and distinct, all below `info.frames`.

        Raises:
            VideoError: any of them cannot be decoded.
        """
        ...
