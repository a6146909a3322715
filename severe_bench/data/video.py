"""Frames of a video file, exactly those asked for, in presentation order.

Seeking with decord is exact in modern codecs and containers and silently wrong in others (MPEG-4
in AVI with B-frames, as UCF101 and HMDB51 are distributed); those are decoded from their start.
Frames are turned as the file's display matrix says, by every decoder alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from severe_bench.data.annotated import Length
from severe_bench.data.decoders.decoder import Decoder, Frames, VideoError, VideoInfo
from severe_bench.data.decoders.decord import DecordDecoder, decord_usable
from severe_bench.data.decoders.inspecting import inspect
from severe_bench.data.decoders.pyav import PyAvDecoder
from severe_bench.data.decoders.seeking import PyAvSeeker

__all__ = [
    "Frames",
    "Reading",
    "VideoError",
    "VideoInfo",
    "decoder_for",
    "decoder_name",
    "frame_count",
    "length_of",
    "probe",
    "read_frames",
    "read_with_name",
]


DECORD_CODECS = {"h264", "hevc", "vp8", "vp9"}
"""It cannot read AV1."""

DECORD_PIXELS = {"yuv420p", "yuvj420p", "yuv422p", "yuv444p"}
"""Of ten bits it makes other pixels than FFmpeg of today, by up to 27 of 255."""


def probe(path: Path) -> VideoInfo:
    """What the file holds.

    Raises:
        VideoError: missing, empty, not a video, truncated.
    """
    return inspect(path)


def frame_count(path: Path) -> int:
    """Number of frames that can be decoded."""
    return probe(path).frames


def length_of(path: Path) -> Length:
    """How long a video is."""
    info = probe(path)
    return Length(info.frames, info.fps)


def read_frames(path: Path, indices: Sequence[int], info: VideoInfo | None = None) -> Frames:
    """The frames at `indices`, in that order; an index may occur more than once.

    Args:
        path: of the video.
        indices: 0-based, in presentation order.
        info: from an earlier `probe` of the same file, to save another one.

    Returns:
        (len(indices), H, W, 3) uint8 RGB.

    Raises:
        VideoError: an index lies outside the video, or a frame cannot be decoded.
    """
    return read_with_name(path, indices, info).frames


@dataclass(frozen=True)
class Reading:
    """Frames and the name and version of the decoder that they come from."""

    frames: Frames
    decoder: str


def read_with_name(path: Path, indices: Sequence[int], info: VideoInfo | None = None) -> Reading:
    """As `read_frames`, saying which decoder it was."""
    info = info or probe(path)
    wanted = np.asarray(indices, dtype=np.int64)
    outside = wanted[(wanted < 0) | (wanted >= info.frames)]
    if outside.size:
        reason = f"frame {outside[0]} asked for, but it has {info.frames} frames"
        raise VideoError(reason, str(path), "check the annotation or replace the file")
    distinct, places = np.unique(wanted, return_inverse=True)
    found = _read(path, distinct.tolist(), info)
    return (
        found if np.array_equal(distinct, wanted) else replace(found, frames=found.frames[places])
    )


def _read(path: Path, indices: list[int], info: VideoInfo) -> Reading:
    """From the decoder chosen for the file; where that fails, from the one that never seeks."""
    decoder = decoder_for(info)
    try:
        frames = decoder.read(path, indices, info)
        if frames.shape != (len(indices), info.height, info.width, 3):
            raise VideoError(f"gives frames of shape {frames.shape}", str(path))
    except VideoError:
        if isinstance(decoder, PyAvDecoder):
            raise
        decoder = PyAvDecoder()
        frames = decoder.read(path, indices, info)
    return Reading(frames, decoder.name)


def decoder_for(info: VideoInfo) -> Decoder:
    """The fastest decoder that is right on such a file.

    Files that cannot be sought are decoded from their start. decord does not say when a frame is
    damaged, so it gets files only that were once decoded without damage.
    """
    if not info.seekable:
        return PyAvDecoder()
    known = info.codec in DECORD_CODECS and info.pixels in DECORD_PIXELS
    return DecordDecoder() if known and info.checked and decord_usable() else PyAvSeeker()


def decoder_name(path: Path) -> str:
    """Name and version of the decoder that `read_frames` uses for this file here."""
    return decoder_for(probe(path)).name
