"""One video made quick to read: small, short groups of pictures, constant frame rate; or raw."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Final

import av
import numpy as np
from numpy.typing import NDArray

from severe_bench.config.prepared import Prepared
from severe_bench.core.atomic import atomic_path
from severe_bench.core.digest import file_digest
from severe_bench.data.clips import TIE
from severe_bench.data.decoders.decoder import Frames, VideoError, VideoInfo
from severe_bench.data.decoders.inspecting import inspect
from severe_bench.data.decoders.pyav import PyAvDecoder
from severe_bench.data.made import Made
from severe_bench.data.raw_frames import write_frames
from severe_bench.data.video import read_frames

CODEC: Final = "libx264"
OPTIONS: Final = {
    "preset": "fast",
    "tune": "fastdecode",
    "g": "12",
    "bf": "0",
    "sc_threshold": "0",
    "threads": "1",
}
LIKENESS: Final = 12.0
"""Mean absolute difference, of 255, up to which a prepared frame shows what the original does."""

SAMPLES: Final = 4
"""Frames per video that are compared."""


def reencode(path: Path, name: str, target: Path, prepared: str, how: Prepared) -> Made:
    """Write `target` from the video at `path`, and look at what was written.

    The pixels come as readers of the original see them, turned upright; the short side becomes at
    most `how.short_side`. Where the frame rate varies, each frame of the new video is the one on
    screen at that time, at the mean rate.

    Args:
        path: of the original.
        name: of the original, relative to its root.
        target: to be written, ending in `.mp4`, or `.npy` for raw frames.
        prepared: the target's name, relative to its folder.
        how: settings.

    Raises:
        VideoError: the original is missing or damaged, or what was written is not what was read.
    """
    if not path.is_file():
        raise VideoError("no such video", str(path), "check the dataset's root folder")
    state = path.stat()
    info = inspect(path)
    repeats = _repeats(info)
    write = _write_raw if how.raw else _write_video
    with atomic_path(target) as temporary:
        write(path, info, repeats, temporary, how)
        return Made(
            path=name,
            size=state.st_size,
            mtime_ns=state.st_mtime_ns,
            sha256=file_digest(path),
            prepared=prepared,
            prepared_size=temporary.stat().st_size,
            prepared_sha256=file_digest(temporary),
            frames=int(repeats.sum()),
            fps=info.fps,
            resampled=info.times is not None,
            decoder=PyAvDecoder().name,
        )


def _write_video(
    path: Path, info: VideoInfo, repeats: NDArray[np.int64], target: Path, how: Prepared
) -> None:
    samples = _encode(path, info, repeats, target, how)
    _verify(target, int(repeats.sum()), samples, path)


def _write_raw(
    path: Path, info: VideoInfo, repeats: NDArray[np.int64], target: Path, how: Prepared
) -> None:
    """The very frames that a prepared video is encoded from, as RGB."""
    height, width = size_of(info, how.short_side)
    scaled = _scaled(path, info, repeats, height, width)
    frames = (frame.to_ndarray(format="rgb24").view(np.uint8) for frame in scaled)
    write_frames(target, frames, int(repeats.sum()))


def size_of(info: VideoInfo, short_side: int) -> tuple[int, int]:
    """Height and width of the prepared video: never enlarged, both even."""
    scale = min(1.0, short_side / min(info.height, info.width))
    height, width = (max(2, round(side * scale / 2) * 2) for side in (info.height, info.width))
    return height, width


def _repeats(info: VideoInfo) -> NDArray[np.int64]:
    """How often each frame is written: once, or as often as it is on screen when a frame is due."""
    if info.times is None:
        return np.ones(info.frames, np.int64)
    due = np.arange(info.frames) / info.fps
    shown = np.searchsorted(np.array(info.times), due + TIE, side="right") - 1
    return np.bincount(shown, minlength=info.frames)


def _encode(
    path: Path, info: VideoInfo, repeats: NDArray[np.int64], target: Path, how: Prepared
) -> dict[int, Frames]:
    """Write the video; some of its frames by number, as they were before encoding."""
    height, width = size_of(info, how.short_side)
    rate = Fraction(info.fps).limit_denominator(10_000)
    total = int(repeats.sum())
    sampled = set(np.linspace(0, total - 1, SAMPLES, dtype=int).tolist())
    samples: dict[int, Frames] = {}
    with av.open(str(target), "w", format="mp4", options={"movflags": "faststart"}) as container:
        stream = container.add_stream(CODEC, rate=rate, options={**OPTIONS, "crf": str(how.crf)})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.codec_context.time_base = 1 / rate
        for number, frame in enumerate(_scaled(path, info, repeats, height, width)):
            frame.pts, frame.time_base = number, 1 / rate
            if number in sampled:
                samples[number] = frame.to_ndarray(format="rgb24").view(np.uint8)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return samples


def _scaled(
    path: Path, info: VideoInfo, repeats: NDArray[np.int64], height: int, width: int
) -> Iterator[av.VideoFrame]:
    for picture, times in zip(PyAvDecoder().each(path, info), repeats, strict=True):
        for _ in range(times):
            rgb = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            yield rgb.reformat(width, height, "yuv420p", interpolation="AREA")


def _verify(target: Path, frames: int, samples: dict[int, Frames], path: Path) -> None:
    """Decode all of what was written, and seek some of it.

    Raises:
        VideoError: frames are missing, differ from what was encoded, or cannot be sought.
    """
    info = inspect(target, whole=True)
    if not (info.seekable and info.checked and info.times is None and info.frames == frames):
        raise VideoError(f"prepares to {info}", str(path), "report this file")
    numbers = sorted(samples)
    found = read_frames(target, numbers, info)
    for number, frame in zip(numbers, found, strict=True):
        difference = np.abs(frame.astype(np.int16) - samples[number]).mean()
        if difference > LIKENESS:
            reason = f"frame {number} is not what it was before ({difference:.0f} of 255)"
            raise VideoError(f"cannot be prepared: {reason}", str(path), "report this file")
