"""Clips as the peer reads them: PyAV decodes frame by frame, PIL transforms frame by frame.

Written from what is known of the SEVERE code: 2 s at 16 frames per second from a random start,
sought and decoded forward; one draw for all frames of a clip; dense tests decode the whole video.
"""

from collections.abc import Iterable
from pathlib import Path

import av
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torchvision.transforms.v2 import functional as tv

from severe_bench.data.transforms import Draws

FRAMES, RATE, SIZE, CLIPS = 32, 16.0, 112, 10
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
ADJUST = (tv.adjust_brightness, tv.adjust_contrast, tv.adjust_saturation, tv.adjust_hue)


def training_frames(path: Path, rng: np.random.Generator) -> list[Image.Image]:
    """The pictures of one clip."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        fps = float(stream.average_rate or 25)
        base = float(stream.time_base or 1)
        length = float((stream.duration or 0) * base)
        start = rng.uniform(0, max(0.0, length - FRAMES / RATE))
        wanted = ((start + np.arange(FRAMES) / RATE) * fps).astype(int).tolist()
        container.seek(int(start / base), stream=stream)
        return _forward(container.decode(stream), wanted, fps)


def _forward(frames: Iterable[av.VideoFrame], wanted: list[int], fps: float) -> list[Image.Image]:
    found: list[Image.Image] = []
    for frame in frames:
        number = round(float(frame.time or 0) * fps)
        while len(found) < len(wanted) and number >= wanted[len(found)]:
            found.append(frame.to_image())
        if len(found) == len(wanted):
            break
    return [found[i % len(found)] for i in range(len(wanted))]


def augmented(frames: list[Image.Image], draws: Draws, row: int) -> list[Image.Image]:
    """Crop, flip and jitter of one draw, picture by picture."""
    top, left, height, width = draws.boxes[row].tolist()
    found = []
    for picture in frames:
        box = (left, top, left + width, top + height)
        image = picture.crop(box).resize((SIZE, SIZE), Image.Resampling.BILINEAR)
        if draws.flips[row]:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        for which in draws.order[row].tolist():
            image = ADJUST[which](image, float(draws.factors[row, which]))
        found.append(image)
    return found


def unrounded(frames: NDArray[np.uint8], draws: Draws, row: int) -> torch.Tensor:
    """The same draw picture by picture, in float after resizing: (3, T, S, S) in [0, 1].

    Args:
        frames: (T, H, W, 3).
        draws: of a batch.
        row: in it.
    """
    found = []
    for frame in frames:
        pixels = torch.from_numpy(frame).permute(2, 0, 1)
        image = tv.resized_crop(pixels, *draws.boxes[row].tolist(), [SIZE, SIZE], antialias=True)
        image = tv.horizontal_flip(image) if draws.flips[row] else image
        image = image.double() / 255
        for which in draws.order[row].tolist():
            image = ADJUST[which](image, float(draws.factors[row, which]))
        found.append(image)
    return torch.stack(found, dim=1)


def dense(path: Path) -> NDArray[np.float32]:
    """The 10 clips (10, 3, 32, 112, 112) of one test video."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        fps = float(stream.average_rate or 25)
        length = stream.frames
        wanted = (np.arange(int(length / fps * RATE)) / RATE * fps).astype(int).tolist()
        pictures = _forward(container.decode(stream), wanted, fps)
    frames = normalised([_centre(picture) for picture in pictures])
    starts = np.linspace(0, max(len(pictures) - FRAMES, 1), CLIPS).astype(int)
    return np.stack([frames[:, start : start + FRAMES] for start in starts])


def _centre(picture: Image.Image) -> Image.Image:
    side = int(SIZE / 0.875)
    scale = side / min(picture.size)
    width, height = (side if s == min(picture.size) else int(s * scale) for s in picture.size)
    small = picture.resize((width, height), Image.Resampling.BILINEAR)
    left, top = round((width - SIZE) / 2), round((height - SIZE) / 2)
    return small.crop((left, top, left + SIZE, top + SIZE))


def normalised(frames: list[Image.Image]) -> NDArray[np.float32]:
    """(3, T, S, S)."""
    planes = [torch.from_numpy(np.array(frame)).permute(2, 0, 1).float() / 255 for frame in frames]
    clip = torch.stack(planes, dim=1)
    mean, std = (torch.tensor(values).view(3, 1, 1, 1) for values in (MEAN, STD))
    found: NDArray[np.float32] = ((clip - mean) / std).numpy()
    return found
