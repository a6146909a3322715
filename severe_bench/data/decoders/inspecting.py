"""What a file holds, whether all of it is there, and whether its frames may be sought."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from severe_bench.data.decoders.decoder import VideoError, VideoInfo
from severe_bench.data.decoders.nal import is_clean_start
from severe_bench.data.decoders.opening import films, opened
from severe_bench.data.decoders.orientation import UPRIGHT, orientation_of
from severe_bench.data.decoders.whole import amiss

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

SEEKABLE_CODECS = {"h264", "hevc", "vp8", "vp9", "av1"}
SEEKABLE_CONTAINERS = {"mp4", "matroska", "webm"}
"""Where seeking was found exact, given closed groups of pictures."""

COUNTED_CONTAINERS = {"mp4"}
"""Whose number of frames is that of an index, not of a header that may be out of date."""

CHECKED_BYTES = 8 * 1024 * 1024
"""Decoded size up to which a file is looked through for damage before it is sought in."""

SLOWEST_FPS = 1e-3
"""A header that says less lies: clips by time would have no end."""

UNSTATED_FPS = 25.0
"""Of a single frame without a duration; no sampling depends on it."""


def inspect(path: Path, *, whole: bool = False) -> VideoInfo:
    """Read what the file states, count its frames, and look for damage.

    Where the container's index is reliable its packets are counted; elsewhere (AVI, MPEG-4 part 2
    with packed B-frames, ...) packets are not frames, and the file is decoded once. So are files
    of up to `CHECKED_BYTES`, and all with `whole`: a seek would not see the damage.

    Raises:
        VideoError: missing, empty, not a video, truncated, damaged.
    """
    with opened(path) as container:
        info = _stated(container, path)
    small = info.frames * info.height * info.width * 3 <= CHECKED_BYTES
    if info.checked or not (whole or small):
        return info
    with opened(path) as container:
        seen = _decoded(container, path)
    if seen.frames != info.frames:
        raise VideoError(f"holds {info.frames} frames, {seen.frames} can be decoded", str(path))
    return replace(info, checked=True)


def _stated(container: "InputContainer", path: Path) -> VideoInfo:
    stream = films(container)[0]
    name = str(stream.codec_context.codec.canonical_name)
    name = "av1" if name.endswith("av1") or name == "libdav1d" else name
    kinds = set(str(container.format.name).split(","))
    reason = amiss(path, kinds)
    if reason:
        raise VideoError(reason, str(path))
    if name in SEEKABLE_CODECS and SEEKABLE_CONTAINERS & kinds:
        packets = _packets(container, path)
        first = _first_picture(path)
        seen = _Seen.of([p.time for p in packets if not p.is_discard], first, stream, path)
        trusted = _groups_are_closed(packets) and seen.is_upright and seen.ordered
        trusted = trusted and len(films(container)) == 1  # decord reads what it takes for the best
        seekable, checked = trusted, False
    else:
        seen, seekable, checked = _decoded(container, path), False, True
    fps, times = _rate(seen, stream, path)
    return VideoInfo(
        frames=seen.frames,
        fps=fps,
        height=seen.height,
        width=seen.width,
        codec=name,
        container=str(container.format.name),
        pixels=seen.pixels,
        seekable=seekable,
        checked=checked,
        start=seen.seconds[0] if seen.ordered else 0.0,
        times=times,
    )


@dataclass(frozen=True)
class _Seen:
    """What was found by looking through the file.

    Args:
        seconds: presentation times, ascending; empty where the file does not tell them.
    """

    frames: int
    height: int
    width: int
    pixels: str
    is_upright: bool
    seconds: tuple[float, ...]

    @property
    def ordered(self) -> bool:
        return bool(self.seconds)

    @classmethod
    def of(
        cls, ticks: list[int | None], first: "VideoFrame", stream: "VideoStream", path: Path
    ) -> "_Seen":
        turn = orientation_of(first, str(path))
        height, width = turn.size(first.height, first.width)
        known = sorted({tick for tick in ticks if tick is not None})
        base = stream.time_base or Fraction(1)
        # As exact fractions: n / 90000 is then the same number whatever the start.
        seconds = tuple(float(tick * base) for tick in known) if len(known) == len(ticks) else ()
        return cls(len(ticks), height, width, first.format.name, turn == UPRIGHT, seconds)


def _decoded(container: "InputContainer", path: Path) -> _Seen:
    """Every frame decoded once, none kept."""
    stream = films(container)[0]
    ticks: list[int | None] = []
    first: VideoFrame | None = None
    for number, picture in enumerate(_pictures(container, path)):
        if first is None:
            first = picture
        if picture.is_corrupt:
            raise VideoError(f"frame {number} is damaged", str(path))
        if (picture.height, picture.width) != (first.height, first.width):
            raise VideoError(f"changes its size at frame {number}", str(path))
        ticks.append(picture.pts)
    if first is None:
        raise VideoError("holds no frame", str(path))
    return _Seen.of(ticks, first, stream, path)


def _pictures(container: "InputContainer", path: Path) -> "Iterator[VideoFrame]":
    stream = films(container)[0]
    is_avi = container.format.name == "avi"
    chunks = 0
    for packet in container.demux(stream):
        if packet.size and packet.is_corrupt:
            raise VideoError("is truncated (a frame is cut off)", str(path))
        if packet.dts is not None:
            chunks = max(chunks, packet.dts + 1)
        yield from packet.decode()
    # An AVI's time counts chunks, empty ones too, and its header states how many there are.
    if is_avi and 0 < chunks < stream.frames:
        raise VideoError(f"is truncated ({chunks} of {stream.frames} frames are there)", str(path))


def _first_picture(path: Path) -> "VideoFrame":
    with opened(path) as fresh:
        for picture in fresh.decode(films(fresh)[0]):
            return picture
    raise VideoError("holds no frame", str(path))


def _rate(seen: _Seen, stream: "VideoStream", path: Path) -> tuple[float, tuple[float, ...] | None]:
    """Frames per second, and the times where these vary by half a frame or more."""
    stated = float(stream.average_rate or stream.guessed_rate or 0)
    if seen.frames > 1 and 0 < stated < SLOWEST_FPS:
        raise VideoError(f"states {stated:.3g} frames per second", str(path))
    after = np.array(seen.seconds) - seen.seconds[0] if seen.ordered else np.zeros(0)
    if len(after) < 2:
        if stated <= 0 and seen.frames > 1:
            raise VideoError("states no frame rate", str(path))
        return (stated if stated > 0 else UNSTATED_FPS), None
    if stated > 0 and _is_steady(after, stated):
        return stated, None
    mean = (len(after) - 1) / float(after[-1])
    return mean, None if _is_steady(after, mean) else tuple(after.tolist())


def _is_steady(after: NDArray[np.float64], fps: float) -> bool:
    return bool(np.abs(after * fps - np.arange(len(after))).max() < 0.45)


@dataclass(frozen=True)
class _Packet:
    """Time of presentation; whether it is a key frame, and if so one that needs nothing before."""

    time: int | None
    is_key: bool
    is_clean: bool
    is_discard: bool = False


def _packets(container: "InputContainer", path: Path) -> list[_Packet]:
    """Packets in decoding order; a damaged or a missing one means a truncated file."""
    stream = films(container)[0]
    packets = [packet for packet in container.demux(stream) if packet.size]
    kinds = set(str(container.format.name).split(","))
    promised = _promised(stream) if COUNTED_CONTAINERS & kinds else 0
    if not packets or any(packet.is_corrupt for packet in packets) or len(packets) < promised:
        found = f"{len(packets)} of {promised}" if promised else "not all"
        raise VideoError(f"is truncated ({found} frames are there)", str(path))
    name = stream.codec_context.codec.canonical_name
    setup = bytes(stream.codec_context.extradata or b"")
    return [
        _Packet(
            p.pts,
            bool(p.is_keyframe),
            bool(p.is_keyframe) and is_clean_start(name, setup, bytes(p)),
            bool(p.is_discard),
        )
        for p in packets
    ]


def _promised(stream: "VideoStream") -> int:
    """Packets in the index: fewer than the header's where an edit list leaves some out."""
    entries = getattr(stream, "index_entries", None)  # PyAV 17
    return stream.frames if entries is None else len(entries)


def _groups_are_closed(packets: list[_Packet]) -> bool:
    """Whether every key frame is a clean start, and nothing decoded after it is shown before it.

    Otherwise (open groups of pictures: x265's default) frames need the group before, which a seek
    to the key frame does not decode: decord then returns another frame without a word. Nor is a
    file sought of which an edit list leaves frames out.
    """
    times = [packet.time for packet in packets if packet.time is not None]
    if len(set(times)) < len(packets) or not packets[0].is_key:
        return False
    if any(packet.is_discard for packet in packets):
        return False
    earliest = times[-1]
    for packet, time in zip(reversed(packets), reversed(times), strict=True):
        earliest = min(earliest, time)
        if packet.is_key and (earliest < time or not packet.is_clean):
            return False
    return True
