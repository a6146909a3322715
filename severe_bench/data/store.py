"""Videos of a dataset in memory: decoded once where they are small enough to keep."""

import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from severe_bench.core.record import Record
from severe_bench.data import tally
from severe_bench.data.clips import TIE, Times
from severe_bench.data.contact import Contact, Isolation, chosen_isolation
from severe_bench.data.isolated import DEADLINE
from severe_bench.data.prepared import MANIFEST
from severe_bench.data.raw_frames import RawFolder, is_raw
from severe_bench.data.video import Frames, Reading, VideoError, VideoInfo

MIB = 1024 * 1024
KEPT_SHARE = 64
"""A video is kept whole if it takes at most this fraction (1/64) of the memory: 8 of 512 MiB."""


@dataclass(frozen=True)
class Extent:
    """The part of a video that a record speaks of.

    Args:
        first: its first frame in the video.
        frames: its length in frames, at least 1.
        fps: frames per second; where the rate varies, the mean over this part.
        times: when each frame is shown, in seconds of the part, where the rate varies; the first,
            which may have been on screen before, counts from 0.
    """

    first: int
    frames: int
    fps: float
    times: Times | None = None

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return self.frames / self.fps


@dataclass
class VideoStore:
    """Reads the records of one dataset, keeping small videos decoded, least recently used out.

    Frame indices are relative to the record's own start. A store belongs to one process and one
    thread; what it returns is shared and must not be changed.

    Args:
        root: the dataset's folder.
        max_bytes: of decoded frames held at once.
        isolate: what is read in a process that is killed when a file hangs or crashes it, see
            `contact`; prepared videos never are, which were verified when they were made.
        deadline: seconds that such a read may take.
    """

    root: Path
    max_bytes: int = 512 * MIB
    isolate: Isolation = field(default_factory=chosen_isolation)
    deadline: float = DEADLINE
    _infos: dict[str, VideoInfo] = field(init=False, default_factory=dict, repr=False)
    _kept: OrderedDict[str, Reading] = field(init=False, default_factory=OrderedDict, repr=False)
    _bytes: int = field(init=False, default=0, repr=False)

    def __post_init__(self) -> None:
        made = (self.root / MANIFEST).is_file()
        self._files = Contact("never" if made else self.isolate, self.deadline)

    def __reduce__(self) -> tuple[type["VideoStore"], tuple[Path, int, Isolation, float]]:
        """Another process gets an empty store: frames are not worth sending."""
        return VideoStore, (self.root, self.max_bytes, self.isolate, self.deadline)

    def extent(self, record: Record) -> Extent:
        """Which frames are the record's: from `start`, up to the last one shown before `end`.

        Raises:
            VideoError: the video cannot be read, or ends before the record starts.
        """
        info = self._info(record)
        shown = None if info.times is None else np.array(info.times)
        first, end = _range(record, info, shown)
        if end <= first:
            reason = f"no frame between {record.start} s and {record.end} s"
            raise VideoError(reason, str(self.root / record.path), "check the annotation")
        if shown is None:
            return Extent(first, end - first, info.fps)
        return _varying(record, info, shown, first, end)

    def frames(self, record: Record) -> Frames:
        """All frames of the record: (T, H, W, 3) uint8 RGB.

        Raises:
            VideoError: any of them cannot be decoded.
        """
        extent = self.extent(record)
        return self.clip(record, range(extent.frames))

    def clip(self, record: Record, indices: Sequence[int]) -> Frames:
        """The frames at `indices`, relative to the record's start, in that order.

        Small videos are decoded whole and kept; of others only these frames are read. Either way
        the clip is counted for the decoder that its frames come from, see `data.tally`.
        """
        first = self.extent(record).first
        wanted = np.asarray(indices, dtype=np.int64) + first
        info = self._info(record)
        if is_raw(record.path) or self._size(info) * KEPT_SHARE > self.max_bytes:
            found = self._read(record, wanted.tolist(), info)
            tally.count({found.decoder: 1})
            return found.frames
        if wanted.size and not 0 <= wanted.min() <= wanted.max() < info.frames:
            raise IndexError(f"{record.sample}: frames {indices} of {info.frames}")
        whole = self._whole(record, info)
        tally.count({whole.decoder: 1})
        return whole.frames[wanted]

    def _info(self, record: Record) -> VideoInfo:
        if record.path not in self._infos:
            path = self.root / record.path
            found = self._raw.info(record.path) if is_raw(record.path) else self._files.probe(path)
            self._infos[record.path] = found
        return self._infos[record.path]

    @cached_property
    def _raw(self) -> RawFolder:
        return RawFolder(self.root)

    def _read(self, record: Record, indices: Sequence[int], info: VideoInfo) -> Reading:
        if is_raw(record.path):
            return self._raw.read(record.path, indices, info)
        return self._files.read(self.root / record.path, indices, info)

    def _whole(self, record: Record, info: VideoInfo) -> Reading:
        if record.path in self._kept:
            self._kept.move_to_end(record.path)
            return self._kept[record.path]
        whole = self._read(record, range(info.frames), info)
        self._kept[record.path] = whole
        self._bytes += whole.frames.nbytes
        while self._bytes > self.max_bytes:
            _, dropped = self._kept.popitem(last=False)
            self._bytes -= dropped.frames.nbytes
        return whole

    @staticmethod
    def _size(info: VideoInfo) -> int:
        return info.frames * info.height * info.width * 3


@lru_cache(maxsize=1)
def shared_store(root: Path) -> VideoStore:
    """The process's store of a dataset, so that cells after one another decode it once.

    Only the latest dataset's store is kept: a worker's memory stays bounded by one store.
    """
    return VideoStore(root)


def _range(record: Record, info: VideoInfo, shown: Times | None) -> tuple[int, int]:
    """The frame on screen at the record's start, and the first one shown at its end or later."""
    start, end = record.start or 0.0, math.inf if record.end is None else record.end
    if shown is not None and start < info.frames / info.fps:
        first = int(np.searchsorted(shown, start + TIE, side="right")) - 1
        return first, int(np.searchsorted(shown, end - TIE))
    last = info.frames if math.isinf(end) else math.ceil(end * info.fps - TIE)
    return int(start * info.fps + TIE), min(last, info.frames)


def _varying(record: Record, info: VideoInfo, shown: Times, first: int, end: int) -> Extent:
    """The frames `first` to `end` - 1: each is on screen until the next, or the record's end.

    The video's last frame is, on average, shown as long as any other.
    """
    start = record.start or 0.0
    until = float(shown[end]) if end < len(shown) else info.frames / info.fps
    seconds = (until if record.end is None else min(until, record.end)) - start
    times = shown[first:end] - start
    times[0] = 0.0
    return Extent(first, end - first, (end - first) / seconds, times)
