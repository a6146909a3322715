"""Opening a video with PyAV: one thread, closed again, every failure a `VideoError`."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np

from severe_bench.data.decoders.decoder import Frames, VideoError, VideoInfo
from severe_bench.data.decoders.extent import missing_bytes
from severe_bench.data.decoders.orientation import orientation_of

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.reformatter import VideoReformatter
    from av.video.stream import VideoStream

BARE = {"h264", "hevc", "vvc", "m4v", "mjpeg", "mpegvideo", "obu", "h263", "tty", "image2"}
"""FFmpeg's names of streams and pictures without a container: what is left of a video without its
head looks like one, and a text file like another."""

REFERRING = {
    "applehttp", "avisynth", "concat", "dash", "hls", "imf", "lavfi", "rtp", "rtsp", "sap", "sdp",
    "vapoursynth",
}  # fmt: skip
"""FFmpeg's names of formats that are programs, or whose pictures lie in other files or on the
network: a file of these could show anything, or wait for ever."""

COVER = 0x400
"""FFmpeg's AV_DISPOSITION_ATTACHED_PIC: a picture for the whole file, no film."""

FORMATS = ",".join(sorted(av.formats_available - REFERRING))


def films(container: "InputContainer") -> "list[VideoStream]":
    """The video streams that are not a cover picture; the first of them is the one that is read."""
    streams = container.streams.video
    return [one for one in streams if not int(getattr(one, "disposition", 0)) & COVER]


@contextmanager
def opened(path: Path) -> "Iterator[InputContainer]":
    """The file, its video decoded by one thread; every failure inside becomes a `VideoError`."""
    if not path.is_file():
        raise VideoError("no such video", str(path), "check the dataset's root folder")
    if path.stat().st_size == 0:
        raise VideoError("is empty", str(path))
    try:
        lost = missing_bytes(path)
        if lost:
            raise VideoError(f"is truncated ({lost} bytes are missing)", str(path))
        with _container(path) as container:
            kind = str(container.format.name)
            if kind in BARE or kind.endswith("_pipe"):
                raise VideoError(f"is no video file ({kind}, without a container)", str(path))
            if not films(container):
                raise VideoError("holds no video stream", str(path))
            if films(container)[0].codec_context is None:
                raise VideoError("is truncated, or of a codec that is not known", str(path))
            films(container)[0].codec_context.thread_count = 1
            yield container
    except (av.FFmpegError, OSError, ValueError, ArithmeticError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise VideoError(f"cannot be decoded ({reason})", str(path)) from error


def _container(path: Path) -> "InputContainer":
    """Opened by what is no more than one file.

    Raises:
        VideoError: it is something else.
    """
    try:
        return av.open(str(path), metadata_errors="replace", options={"format_whitelist": FORMATS})
    except av.ArgumentError as error:  # what FFmpeg says of a format that is not on the list
        raise VideoError("is no video file (a playlist or a program?)", str(path)) from error


def pixels(
    picture: "VideoFrame", number: int, path: Path, info: VideoInfo, reformatter: "VideoReformatter"
) -> Frames:
    """A decoded picture as RGB (H, W, 3), turned as it is shown.

    Raises:
        VideoError: it is damaged or of another size than the video.
    """
    if picture.is_corrupt:
        raise VideoError(f"frame {number} is damaged", str(path))
    turn = orientation_of(picture, str(path))
    if turn.size(picture.height, picture.width) != (info.height, info.width):
        raise VideoError(f"changes its size at frame {number}", str(path))
    rgb = reformatter.reformat(picture, format="rgb24", threads=1)
    return turn.shown(rgb.to_ndarray().view(np.uint8))
