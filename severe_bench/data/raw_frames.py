"""Raw frames on disk: one `.npy` of uint8 per video, mapped into memory and never decoded again."""

import hashlib
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np

from severe_bench.core.digest import file_digest
from severe_bench.data.decoders.decoder import Frames, VideoError, VideoInfo
from severe_bench.data.made import Made
from severe_bench.data.prepared import listed
from severe_bench.data.video import Reading

SUFFIX = ".npy"
READER = "raw frames"
"""What provenance calls them."""


def write_frames(target: Path, frames: Iterable[Frames], count: int) -> None:
    """Write `count` frames (H, W, 3) uint8 one after another, and read back what was written.

    They are written, not mapped: a disk that is full is then an error and not a crash.

    Raises:
        VideoError: there are more or fewer frames, or the file is not what was written.
    """
    written, shape, seen = hashlib.sha256(), (0, 0, 0), 0
    with target.open("wb") as stream:
        for frame in frames:
            if seen == 0:
                shape = frame.shape
                written.update(_head(count, shape))
                stream.write(_head(count, shape))
            content = np.ascontiguousarray(frame).tobytes()
            written.update(content)
            stream.write(content)
            seen += 1
    if seen != count or file_digest(target) != written.hexdigest():
        raise VideoError(f"{seen} of {count} frames were written, or not as they were", str(target))


def _head(count: int, shape: tuple[int, ...]) -> bytes:
    """The head of a `.npy` file, version 1.0."""
    from io import BytesIO

    head = BytesIO()
    full = {"descr": "|u1", "fortran_order": False, "shape": (count, *shape)}
    np.lib.format.write_array_header_1_0(head, full)
    return head.getvalue()


def is_raw(path: str) -> bool:
    """Whether a video of that name is a file of raw frames."""
    return path.endswith(SUFFIX)


class RawFolder:
    """A folder of raw frames and its manifest.

    Args:
        root: the folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def _made(self) -> dict[str, Made]:
        return {made.prepared: made for made in listed(self.root)}

    def info(self, name: str) -> VideoInfo:
        """What a file holds.

        Raises:
            VideoError: it is missing, truncated, or not what the manifest says.
        """
        made, path = self._made.get(name), self.root / name
        if made is None:
            raise VideoError("is not in the manifest of raw frames", str(path), MEND)
        frames = _mapped(path)
        if frames.dtype != np.uint8 or frames.ndim != 4 or len(frames) != made.frames:
            found = f"{frames.dtype} of shape {frames.shape}"
            raise VideoError(f"holds {found}, not {made.frames} frames", str(path), MEND)
        count, height, width, _ = frames.shape
        return VideoInfo(
            count, made.fps, height, width, "rawvideo", "npy", "rgb24", True, checked=True
        )

    def read(self, name: str, indices: Sequence[int], info: VideoInfo) -> Reading:
        """The frames at `indices`, copied from the file, and what decoded them once.

        Raises:
            VideoError: it is missing or truncated, or an index lies outside.
        """
        wanted = np.asarray(indices, dtype=np.int64)
        if wanted.size and not 0 <= wanted.min() <= wanted.max() < info.frames:
            raise VideoError(f"frames {indices} of {info.frames} asked for", str(self.root / name))
        mapped = _mapped(self.root / name)
        if mapped.shape != (info.frames, info.height, info.width, 3):
            raise VideoError("changed while it was read", str(self.root / name), "run again")
        frames: Frames = np.asarray(mapped[wanted])
        return Reading(frames, f"{READER} of {self._made[name].decoder}")


MEND = "run severe data prepare again"


def _mapped(path: Path) -> Frames:
    try:
        mapped: Frames = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        reason = "no such file" if isinstance(error, FileNotFoundError) else error
        raise VideoError(f"cannot be read ({reason})", str(path), MEND) from error
    return mapped
