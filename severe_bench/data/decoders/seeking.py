"""PyAV with seeking: exact, because every frame that comes back is known by its time.

For seekable files that decord cannot read (AV1, no duration), was not seen to read rightly, or
must not be loaded for (CUDA). Unlike decord it says when a frame is damaged.
"""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

from severe_bench.data.decoders.decoder import Frames, VideoError, VideoInfo
from severe_bench.data.decoders.opening import films, opened, pixels

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame

GAP = 48
"""Frames further apart than this are sought one by one instead of decoding what lies between."""


class PyAvSeeker:
    """Seeks to a key frame at or before each run of frames and decodes from there."""

    @property
    def name(self) -> str:
        """Package and version."""
        return f"pyav {av.__version__}"

    def read(self, path: Path, indices: Sequence[int], info: VideoInfo) -> Frames:
        """The frames at ascending, distinct `indices` of a seekable file.

        Raises:
            VideoError: one of them is not found or damaged.
        """
        frames = np.empty((len(indices), info.height, info.width, 3), np.uint8)
        reformatter = VideoReformatter()
        with opened(path) as container:
            clock = _Clock(info)
            for begin, end in _runs(indices):
                found = begin
                for number, picture in _from(container, indices[begin], clock):
                    if number > indices[found]:
                        break
                    if number == indices[found]:
                        frames[found] = pixels(picture, number, path, info, reformatter)
                        found += 1
                    if found == end:
                        break
                if found < end:
                    raise VideoError(f"frame {indices[found]} is not found", str(path))
        return frames


class _Clock:
    """Frame numbers from presentation times, and back."""

    def __init__(self, info: VideoInfo) -> None:
        self.info = info
        self.times: NDArray[np.float64] | None = None
        if info.times is not None:
            self.times = np.array(info.times)

    def number(self, time: float) -> int:
        after = time - self.info.start
        if self.times is None:
            return round(after * self.info.fps)
        return int(np.abs(self.times - after).argmin())

    def time(self, number: int) -> float:
        if self.times is None:
            return self.info.start + number / self.info.fps
        return self.info.start + float(self.times[number])


def _runs(indices: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Places [begin, end) of indices that lie close together."""
    begin = 0
    for place in range(1, len(indices)):
        if indices[place] - indices[place - 1] > GAP:
            yield begin, place
            begin = place
    yield begin, len(indices)


def _from(
    container: "InputContainer", first: int, clock: _Clock
) -> "Iterator[tuple[int, VideoFrame]]":
    """Numbered frames from a key frame at or before `first`.

    A container may seek by decoding time and then land behind: it is sought again, further back.
    """
    stream = films(container)[0]
    base = stream.time_base or Fraction(1)
    back = 0.5 / clock.info.fps
    while True:
        target = max(clock.time(first) - back, min(clock.info.start, 0.0))
        container.seek(int(target / base), stream=stream, backward=True)
        frames = _numbered(container, clock)
        head = next(frames, None)
        if head is not None and head[0] <= first:
            yield head
            yield from frames
            return
        if target <= clock.info.start:
            return
        back = back * 2 + 1.0


def _numbered(container: "InputContainer", clock: _Clock) -> "Iterator[tuple[int, VideoFrame]]":
    for picture in container.decode(films(container)[0]):
        if picture.pts is None:
            return
        yield clock.number(picture.time or 0.0), picture
