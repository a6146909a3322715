"""Tiny films: a block of one colour that moves, so that classes differ in look and in motion."""

import os
from functools import cache
from pathlib import Path

import av
import numpy as np

COLOURS = ((220, 40, 40), (40, 200, 60), (50, 70, 230), (220, 210, 40))
CODECS = {".mp4": "libx264", ".avi": "mpeg4", ".webm": "libvpx"}


@cache
def film(folder: Path, kind: int, suffix: str, frames: int, rate: int) -> Path:
    """A film of 48 x 36 pixels, made once in `folder`."""
    path = folder / f"film-{kind}-{frames}-{rate}{suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(CODECS[suffix], rate=rate)
        stream.width, stream.height, stream.pix_fmt = 48, 36, "yuv420p"
        for number in range(frames):
            pixels = np.full((36, 48, 3), 90, np.uint8)
            left = (number * (1 + kind % 3)) % 36
            top = (4 + 8 * kind) % 24
            pixels[top : top + 10, left : left + 12] = COLOURS[kind % len(COLOURS)]
            picture = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def place(store: Path, path: Path, kind: int, frames: int = 40, rate: int = 20) -> None:
    """Put a film of this kind at `path`, whose ending says how it is encoded."""
    path.parent.mkdir(parents=True, exist_ok=True)
    suffix = path.suffix.lower()
    os.link(film(store, kind, suffix, frames, rate), path)
