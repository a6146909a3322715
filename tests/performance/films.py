"""Generated videos as datasets distribute them: long groups of pictures, B-frames."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

FPS = 25
NOISE = 3
"""Of a camera, in levels of 255."""

X264 = {"preset": "medium", "crf": "23"}


@dataclass(frozen=True)
class Original:
    """A kind of file that datasets are distributed in, and what preparing it should save."""

    name: str
    suffix: str
    codec: str
    options: dict[str, str]
    height: int
    width: int
    seconds: int
    claim: int


ORIGINALS = (
    Original("320x240 XVID AVI", ".avi", "mpeg4", {"g": "250", "bf": "2", "b": "600k"},
             240, 320, 7, 2),
    Original("340x256 H.264", ".mp4", "libx264", X264, 256, 340, 10, 8),
    Original("1920x1080 H.264", ".mp4", "libx264", X264, 1080, 1920, 10, 30),
)  # fmt: skip


def film(path: Path, original: Original) -> None:
    """Textured shapes that move before a textured background that drifts."""
    rng = np.random.default_rng(0)
    height, width = original.height, original.width
    wall = _texture(rng, height + 256, width + 256)
    shapes = [_texture(rng, height // 4, width // 5) for _ in range(5)]
    paths = rng.uniform(0.2, 0.8, (5, 2)), rng.uniform(0.5, 2.5, (5, 2))
    with av.open(str(path), "w") as container:
        stream = container.add_stream(original.codec, rate=Fraction(FPS), options=original.options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.thread_count = 1
        for number in range(FPS * original.seconds):
            second = number / FPS
            top, left = int(60 + 50 * np.sin(second)), int(60 + 50 * np.cos(second * 0.7))
            image = wall[top : top + height, left : left + width].copy()
            for shape, centre, speed in zip(shapes, *paths, strict=True):
                middle = centre + 0.15 * np.sin(speed * second * 2)
                y, x = (middle * (height - len(shape), width - shape.shape[1])).astype(int)
                image[y : y + len(shape), x : x + shape.shape[1]] = shape
            image = np.clip(image + rng.integers(-NOISE, NOISE + 1, image.shape), 0, 255).astype(
                np.uint8
            )
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())


def _texture(rng: np.random.Generator, height: int, width: int) -> NDArray[np.int16]:
    """Smooth noise whose contrast falls with its scale, as in photographs: (height, width, 3)."""
    image = np.zeros((height, width, 3))
    for scale, contrast in ((4, 40), (16, 60), (64, 110)):
        coarse = rng.uniform(0, contrast, (height // scale + 2, width // scale + 2, 3))
        fine = av.VideoFrame.from_ndarray(coarse.astype(np.uint8), format="rgb24").reformat(
            coarse.shape[1] * scale, coarse.shape[0] * scale, interpolation="BICUBIC"
        )
        image += fine.to_ndarray(format="rgb24")[:height, :width]
    return image.astype(np.int16)
