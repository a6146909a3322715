"""Whether annotations fit the video that they are about: frames and times of the whole video."""

from collections.abc import Iterator
from dataclasses import dataclass

from severe_bench.core.extras import DURATION, KEY_TIME, SPANS, STOP, TUBES
from severe_bench.core.record import Record

SPARE = 3
"""Frames that decoders may find fewer than those who annotated; the last one is repeated."""

SHARE = 0.02
"""Of an annotated time by which it may lie after the end of the video."""

SPARE_SECONDS = 1.0
"""By which it may do so however short the video is, where no snippet says how much matters."""


@dataclass(frozen=True)
class Length:
    """How long a video is.

    Args:
        frames: that can be decoded.
        fps: frames per second, the mean where the rate varies.
    """

    frames: int
    fps: float


def overrun(record: Record, length: Length) -> str:
    """What is annotated beyond the end of the record's video, in words; empty where nothing is.

    Args:
        record: with any targets; its range counts too.
        length: of the whole video.
    """
    frame = max(_frames(record), default=0)
    if frame >= length.frames + SPARE:
        return f"frame {frame} is annotated, and it has {length.frames} frames"
    seconds = length.frames / length.fps
    time = max(_times(record), default=0.0)
    if is_beyond(time, seconds, SPARE_SECONDS):
        return f"{time:g} s is annotated, and it lasts {seconds:.4g} s"
    return ""


def is_beyond(time: float, seconds: float, spare: float) -> bool:
    """Whether an annotated time is too long for a video.

    Args:
        time: in seconds.
        seconds: of the video.
        spare: seconds that do not matter.
    """
    return time - seconds > max(SHARE * time, spare)


def last_tube_frame(record: Record) -> int:
    """The last frame of a record's tubes; -1 where these have none."""
    return max((frame for tube in TUBES.of(record) for frame in tube.frames), default=-1)


def _frames(record: Record) -> Iterator[int]:
    if STOP.name in record.extras:
        yield STOP.of(record)
    if TUBES.name in record.extras:
        yield last_tube_frame(record)


def _times(record: Record) -> Iterator[float]:
    if record.end is not None:
        yield record.end
    for key in (DURATION, KEY_TIME):
        if key.name in record.extras:
            yield key.of(record)
    if SPANS.name in record.extras:
        yield from (span.end for span in SPANS.of(record))
