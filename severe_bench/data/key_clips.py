"""Clips around one frame of a video: which frames they are made of, and reading them."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from severe_bench.config.recipe import Clip
from severe_bench.core.errors import UserError
from severe_bench.core.extras import KEY_TIME
from severe_bench.core.record import Record
from severe_bench.data.clips import TIE, Indices
from severe_bench.data.reading import Steps
from severe_bench.data.store import Extent, VideoStore
from severe_bench.data.video import Frames

Place = Literal["centred", "ending"]

HALF_A_MILLISECOND = 5e-4
"""Added to key times, which are written with as few as three decimals: 0.333 s at 30 fps is frame
10, not 9."""


def clip_at(clip: Clip, extent: Extent, key: int, place: Place) -> Indices:
    """The frames of a clip that is `centred` on a key frame, or `ending` in it.

    Of T frames, number T // 2 (from 0) or number T - 1 is the key frame. What would lie before the
    video's first or after its last frame is that frame (PySlowFast's AVA clips; YOWO's clips).

    Args:
        clip: the recipe's; `stride` or `seconds` sampling.
        extent: of the record.
        key: index of the key frame in it.
        place: of the key frame in the clip.

    Returns:
        (clip.frames,) indices relative to the record's start.

    Raises:
        UserError: `uniform` or `linear` sampling, which have no place for a key frame.

    Example:
        >>> clip_at(Clip(frames=4, stride=2), Extent(0, 9, 25.0), 4, "centred").tolist()
        [0, 2, 4, 6]
    """
    if clip.sampling in {"uniform", "linear"}:
        mend = "set clip.sampling to stride or seconds"
        raise UserError(f"{clip.sampling} sampling makes no clip around a key frame", mend=mend)
    offsets = np.arange(clip.frames) - (clip.frames // 2 if place == "centred" else clip.frames - 1)
    if clip.sampling == "stride" and clip.frame_rate is None:
        return _within(extent, key + offsets * clip.stride)
    step = 1 / clip.rate if clip.frame_rate is None else clip.stride / clip.frame_rate
    if extent.times is None:
        found = np.floor(key + offsets * step * extent.fps + TIE)
    else:
        asked = extent.times[key] + offsets * step + TIE
        found = np.searchsorted(extent.times, asked, side="right") - 1
    return _within(extent, found)


def _within(extent: Extent, asked: NDArray[np.generic]) -> Indices:
    """What lies outside is the first or last frame."""
    found: Indices = np.clip(asked, 0, extent.frames - 1).astype(np.int64)
    return found


def key_frame(record: Record, extent: Extent) -> int:
    """Index of the frame on screen at a record's key time, relative to the record's start.

    Raises:
        UserError: there is no key time, or the record ends before it.
    """
    time = KEY_TIME.of(record) + HALF_A_MILLISECOND
    if extent.times is None:
        key = int(np.floor(time * extent.fps)) - extent.first
    else:
        after = time - (record.start or 0.0)
        key = int(np.searchsorted(extent.times, after, side="right")) - 1
    if not 0 <= key < extent.frames:
        what = f"its key frame {key} is not one of its {extent.frames} frames"
        raise UserError(what, record.sample, "check the annotation, or get the whole video")
    return key


@dataclass(frozen=True)
class KeyReader:
    """Reads the clip centred on each record's key frame.

    Args:
        store: where the videos are.
        records: with a key time.
        clip: the recipe's clip.
    """

    store: VideoStore
    records: tuple[Record, ...]
    clip: Clip

    def __call__(self, number: int) -> Frames:
        """Clip (T, H, W, 3) of record `number`."""
        record = self.records[number]
        extent = self.store.extent(record)
        indices = clip_at(self.clip, extent, key_frame(record, extent), "centred")
        return self.store.clip(record, indices.tolist())


@dataclass(frozen=True)
class KeyBatchReader:
    """Reads the clips of a training step.

    Args:
        reader: of one record.
        steps: batches of an epoch over its records.
    """

    reader: KeyReader
    steps: Steps

    def __call__(self, number: int) -> list[Frames]:
        """Clips of step `number`, counted through all epochs."""
        epoch, step = divmod(number, len(self.steps))
        return [self.reader(int(row)) for row in self.steps.rows(epoch, step)]
