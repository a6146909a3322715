"""PyAV: inspects every file, and decodes from the start those that cannot be sought."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from severe_bench.data.decoders.decoder import Frames, VideoError, VideoInfo
from severe_bench.data.decoders.nal import is_clean_start

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame

SEEKABLE_CODECS = {"h264", "hevc", "vp8", "vp9"}
SEEKABLE_CONTAINERS = {"mp4", "matroska", "webm"}
"""Where decord's seeking was found exact, given closed groups of pictures; it cannot read AV1."""


CHECKED_BYTES = 8 * 1024 * 1024
"""Decoded size up to which a file is looked through for damage before it is sought in."""


class PyAvDecoder:
    """Decodes from the first frame on and keeps what was asked for: slow but never off by one."""

    @property
    def name(self) -> str:
        """Package and version."""
        return f"pyav {av.__version__}"

    def read(self, path: Path, indices: Sequence[int], info: VideoInfo) -> Frames:
        """The frames at ascending, distinct `indices`.

        Raises:
            VideoError: the stream ends before the last one, or one of them is damaged.
        """
        frames = np.empty((len(indices), info.height, info.width, 3), np.uint8)
        wanted, found = set(indices), 0
        reformatter = VideoReformatter()
        with _opened(path) as container:
            for number, picture in enumerate(container.decode(video=0)):
                if number in wanted:
                    _check_picture(picture, number, path, info)
                    converted = reformatter.reformat(picture, format="rgb24", threads=1)
                    frames[found] = converted.to_ndarray()
                    found += 1
                if found == len(indices):
                    return frames
        raise VideoError(f"ends before frame {indices[found]}", str(path))


def inspect(path: Path) -> VideoInfo:
    """Read what the file states, count its frames, and look for damage in small files.

    Where the container's index is reliable its packets are counted; elsewhere (AVI, MPEG-4 part 2
    with packed B-frames, ...) packets are not frames, and the file is decoded once. decord does
    not say when a frame was damaged and may return another one, so files of up to `CHECKED_BYTES`
    are decoded once here, which does say so.

    Raises:
        VideoError: missing, empty, not a video, truncated, damaged.
    """
    with _opened(path) as container:
        info = _stated(container, path)
    if info.seekable and info.frames * info.height * info.width * 3 <= CHECKED_BYTES:
        PyAvDecoder().read(path, range(info.frames), info)
    return info


def _stated(container: "InputContainer", path: Path) -> VideoInfo:
    stream = container.streams.video[0]
    codec, kind = stream.codec_context, str(container.format.name)
    name = str(codec.codec.canonical_name)
    fps = float(stream.average_rate or stream.guessed_rate or 0)
    if fps <= 0:
        raise VideoError("states no frame rate", str(path))
    seekable = False
    if name in SEEKABLE_CODECS and SEEKABLE_CONTAINERS & set(kind.split(",")):
        packets = _packets(container, path)
        frames, seekable = len(packets), _groups_are_closed(packets)
    else:
        frames = sum(1 for _ in container.decode(video=0))
    if frames == 0:
        raise VideoError("holds no frame", str(path))
    return VideoInfo(frames, fps, codec.height, codec.width, name, kind, seekable)


@contextmanager
def _opened(path: Path) -> "Iterator[InputContainer]":
    """The file, its video decoded by one thread; every failure inside becomes a `VideoError`."""
    if not path.is_file():
        raise VideoError("no such video", str(path), "check the dataset's root folder")
    if path.stat().st_size == 0:
        raise VideoError("is empty", str(path))
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                raise VideoError("holds no video stream", str(path))
            container.streams.video[0].codec_context.thread_count = 1
            yield container
    except (av.FFmpegError, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise VideoError(f"cannot be decoded ({reason})", str(path)) from error


@dataclass(frozen=True)
class _Packet:
    """Time of presentation; whether it is a key frame, and if so one that needs nothing before."""

    time: int | None
    is_key: bool
    is_clean: bool


def _packets(container: "InputContainer", path: Path) -> list[_Packet]:
    """Shown packets in decoding order; a damaged or a missing one means a truncated file."""
    stream = container.streams.video[0]
    packets = [packet for packet in container.demux(stream) if packet.size]
    if any(packet.is_corrupt for packet in packets) or len(packets) < stream.frames:
        found = f"{len(packets)} of {stream.frames}" if stream.frames else "not all"
        raise VideoError(f"is truncated ({found} frames are there)", str(path))
    name = stream.codec_context.codec.canonical_name
    setup = bytes(stream.codec_context.extradata or b"")
    return [
        _Packet(
            p.pts,
            bool(p.is_keyframe),
            bool(p.is_keyframe) and is_clean_start(name, setup, bytes(p)),
        )
        for p in packets
        if not p.is_discard
    ]


def _groups_are_closed(packets: list[_Packet]) -> bool:
    """Whether every key frame is a clean start, and nothing decoded after it is shown before it.

    Otherwise (open groups of pictures: x265's default) frames need the group before, which a seek
    to the key frame does not decode: decord then returns another frame without a word.
    """
    times = [packet.time for packet in packets if packet.time is not None]
    if len(set(times)) < len(packets) or not packets[0].is_key:
        return False
    earliest = times[-1]
    for packet, time in zip(reversed(packets), reversed(times), strict=True):
        earliest = min(earliest, time)
        if packet.is_key and (earliest < time or not packet.is_clean):
            return False
    return True


def _check_picture(picture: "VideoFrame", number: int, path: Path, info: VideoInfo) -> None:
    if picture.is_corrupt:
        raise VideoError(f"frame {number} is damaged", str(path))
    if (picture.height, picture.width) != (info.height, info.width):
        raise VideoError(f"changes its size at frame {number}", str(path))
