"""PyAV without seeking: decodes from the start, and is what all others are held against."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from severe_bench.data.decoders.decoder import Frames, VideoError, VideoInfo
from severe_bench.data.decoders.opening import films, opened, pixels


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
        with opened(path) as container:
            for number, picture in enumerate(container.decode(films(container)[0])):
                if number in wanted:
                    frames[found] = pixels(picture, number, path, info, reformatter)
                    found += 1
                if found == len(indices):
                    return frames
        raise VideoError(f"ends before frame {indices[found]}", str(path))

    def each(self, path: Path, info: VideoInfo) -> Iterator[Frames]:
        """All frames in turn, (H, W, 3) each, none kept.

        Raises:
            VideoError: one of them is damaged.
        """
        reformatter = VideoReformatter()
        with opened(path) as container:
            for number, picture in enumerate(container.decode(films(container)[0])):
                yield pixels(picture, number, path, info, reformatter)
