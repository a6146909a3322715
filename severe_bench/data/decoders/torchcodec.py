"""torchcodec, if it is installed: measured by `severe data verify`, never chosen by itself.

In its exact mode it was found off by up to two frames in AVI files with B-frames.
"""

from collections.abc import Sequence
from importlib import metadata, util
from pathlib import Path

import numpy as np

from severe_bench.data.decoders.decoder import Frames, VideoError, VideoInfo


class TorchcodecDecoder:
    """Seeks single frames, in exact mode, with one thread."""

    @property
    def name(self) -> str:
        """Package and version."""
        return f"torchcodec {metadata.version('torchcodec')}"

    def read(self, path: Path, indices: Sequence[int], info: VideoInfo) -> Frames:
        """The frames at ascending, distinct `indices`.

        Raises:
            VideoError: torchcodec cannot read them, or counts other frames.
        """
        from torchcodec.decoders import VideoDecoder

        try:
            decoder = VideoDecoder(
                str(path), dimension_order="NHWC", num_ffmpeg_threads=1, seek_mode="exact"
            )
            if len(decoder) != info.frames:
                reason = f"torchcodec counts {len(decoder)} frames of {info.frames}"
                raise VideoError(reason, str(path))
            frames: Frames = np.asarray(decoder.get_frames_at(indices=list(indices)).data)
        except (RuntimeError, ValueError, IndexError) as error:
            reason = (str(error).strip().splitlines() or [repr(error)])[0]
            raise VideoError(f"cannot be decoded by torchcodec ({reason})", str(path)) from error
        return frames


def torchcodec_usable() -> bool:
    """Whether it is installed."""
    return util.find_spec("torchcodec") is not None
