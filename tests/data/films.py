"""Real video files whose every frame says which one it is."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

BITS = 7
CLOSED = {"g": "8", "bf": "0"}


def picture(number: int, size: int = 64) -> np.ndarray:
    """A frame with its number in binary as bright columns, and a moving coloured block."""
    image = np.full((size, size, 3), 40, np.uint8)
    for bit in range(BITS):
        if number >> bit & 1:
            image[8 : size - 24, bit * 8 : bit * 8 + 8] = 220
    left = number * 3 % (size - 8)
    image[size - 20 :, left : left + 8] = (200, 60, 30)
    return image


def number_of(frame: np.ndarray) -> int:
    size = len(frame)
    columns = [frame[12 : size - 28, bit * 8 + 2 : bit * 8 + 6].mean() for bit in range(BITS)]
    return sum(1 << bit for bit, bright in enumerate(columns) if bright > 130)


def numbers_of(frames: np.ndarray) -> list[int]:
    return [number_of(frame) for frame in frames]


def film(
    path: Path,
    frames: int = 32,
    *,
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    size: int = 64,
    fps: int = 25,
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=Fraction(fps), options=options or CLOSED)
        stream.width, stream.height, stream.pix_fmt = size, size, "yuv420p"
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(picture(number, size), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path
