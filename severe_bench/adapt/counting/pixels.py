"""Pixels of counted videos: whole frames in a square, kept as bytes until a window is chosen."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from severe_bench.config.network_input import Input
from severe_bench.core.errors import UserError
from severe_bench.core.extras import STARTS
from severe_bench.core.record import Record
from severe_bench.data.annotated import SPARE
from severe_bench.data.repetitions import boundaries
from severe_bench.data.store import VideoStore
from severe_bench.data.transforms import RawClip, normalise, resize

Rows = NDArray[np.uint8]
"""Frames as rows of bytes (T, 3 * S * S), channel by channel."""


def fit_square(clip: RawClip, size: int, *, mirrored: bool = False) -> Rows:
    """Resize the long side to `size`, truncating the short one, and pad with black to a square.

    Args:
        clip: (T, H, W, 3) uint8.
        size: S, in pixels.
        mirrored: left to right.
    """
    pixels = torch.as_tensor(clip)
    height, width = pixels.shape[1:3]
    longer = max(height, width)
    tall, wide = max(1, size * height // longer), max(1, size * width // longer)
    frames = resize(pixels, tall, wide).permute(0, 3, 1, 2)
    top, left = (size - tall) // 2, (size - wide) // 2
    square = F.pad(frames, (left, size - wide - left, top, size - tall - top))
    turned = square.flip(3) if mirrored else square
    return turned.reshape(len(turned), -1).numpy()


@dataclass(frozen=True)
class PartReader:
    """Reads parts of records, whose frames are known from the annotation.

    Args:
        store: where the videos are.
        size: side of the square in pixels.
    """

    store: VideoStore
    size: int

    def __call__(self, record: Record, first: int, frames: int, *, mirrored: bool = False) -> Rows:
        """`frames` frames from frame `first` of the whole video on.

        Raises:
            VideoError: they cannot be decoded.
            UserError: the video, or the record's range of it, is shorter than its annotation says.
        """
        extent = self.store.extent(record)
        found, begin = extent.frames, first - extent.first
        if begin < 0 or begin + frames > found + SPARE or begin >= found:
            has = f"it has {found} frames" + (f" from {extent.first} on" if extent.first else "")
            what = f"{has}, and a repetition that ends at frame {first + frames}"
            if begin < 0:
                what = f"{has}, and a repetition that begins at frame {first}"
            mend = "check the annotation, or replace the video"
            raise UserError(what, str(self.store.root / record.path), mend)
        wanted = np.minimum(np.arange(begin, begin + frames), found - 1)
        clip = self.store.clip(record, wanted.tolist())
        return fit_square(clip, self.size, mirrored=mirrored)


@dataclass(frozen=True)
class SegmentReader:
    """Reads the annotated segment of a record, first boundary to last; all of one without any.

    Args:
        read: of parts.
        records: by number.
    """

    read: PartReader
    records: tuple[Record, ...]

    def __call__(self, number: int) -> Rows:
        """All frames of the segment of record `number`."""
        record = self.records[number]
        if STARTS.name not in record.extras:
            extent = self.read.store.extent(record)
            return self.read(record, extent.first, extent.frames)
        bounds = boundaries(record)
        return self.read(record, bounds[0], bounds[-1] - bounds[0] + 1)


@dataclass(frozen=True)
class Look:
    """How bytes become what a network reads.

    Args:
        statement: the model's input statement.
        outside: of frames outside a clip, as `CountingOptions.outside`.
        size: side of the square in pixels.
    """

    statement: Input
    outside: Literal["mean_values", "mean"]
    size: int

    def clips(self, rows: torch.Tensor, missing: torch.Tensor) -> torch.Tensor:
        """Windows as a network reads them: (N, 3, W, S, S) float32, normalised.

        Args:
            rows: (N, W, 3 * S * S) uint8.
            missing: (N, W) bool: outside the clip, whatever its row holds.
        """
        pixels = rows.view(*rows.shape[:2], 3, self.size, self.size).float().div_(255)
        clips = normalise(pixels.permute(0, 2, 1, 3, 4).contiguous(), self.statement)
        constant = clips.new_tensor(self._constant()).view(1, 3, 1, 1, 1)
        return torch.where(missing[:, None, :, None, None], constant, clips)

    def _constant(self) -> Sequence[float]:
        if self.outside == "mean":
            return (0.0, 0.0, 0.0)
        mean = self.statement.mean
        return mean[::-1] if self.statement.channels == "BGR" else mean


def rows_at(rows: torch.Tensor, places: torch.Tensor, frames: torch.Tensor) -> torch.Tensor:
    """Rows of a batch of clips: (B, W, P).

    Args:
        rows: (B, T, P).
        places: (B, W) frames; outside of [0, frames) any row is given.
        frames: (B,) lengths.
    """
    inside = places.clamp_min(0).minimum(frames[:, None] - 1)
    return rows[torch.arange(len(rows), device=rows.device)[:, None], inside]


def outside(places: torch.Tensor, frames: torch.Tensor) -> torch.Tensor:
    """Whether places (B, W) are outside of clips of `frames` (B,) frames."""
    return (places < 0) | (places >= frames[:, None])
