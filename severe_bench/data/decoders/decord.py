"""decord: reads single frames fast, of files in which seeking is trusted.

Opened and closed per video with one thread: more threads cost more CPU per clip, and readers left
open keep decoding ahead. It must not share a process with CUDA (dmlc/decord#293, #324).
"""

import sys
from collections.abc import Sequence
from importlib import metadata, util
from pathlib import Path

from severe_bench.data.decoders.decoder import Frames, VideoError, VideoInfo

DISTRIBUTIONS = ("decord", "decord2", "eva-decord")
"""All are imported as `decord`."""

NO_REPEATS = 1e-9
"""decord's `fault_tol`: as a fraction of the frames that it may silently replace by others."""


class DecordDecoder:
    """Seeks single frames."""

    @property
    def name(self) -> str:
        """Package and version."""
        for distribution in DISTRIBUTIONS:
            try:
                return f"{distribution} {metadata.version(distribution)}"
            except metadata.PackageNotFoundError:
                continue
        return "decord of unknown version"

    def read(self, path: Path, indices: Sequence[int], info: VideoInfo) -> Frames:
        """The frames at ascending, distinct `indices`.

        Raises:
            VideoError: decord cannot read them, or counts other frames than the container.
        """
        import decord

        try:
            reader = decord.VideoReader(
                str(path), ctx=decord.cpu(0), num_threads=1, fault_tol=NO_REPEATS
            )
            if len(reader) != info.frames:
                reason = f"decord counts {len(reader)} frames, the container {info.frames}"
                raise VideoError(reason, str(path), "re-encode the file")
            frames: Frames = reader.get_batch(list(indices)).asnumpy()
        except (decord.DECORDError, decord.DECORDLimitReachedError, RuntimeError) as error:
            reason = (str(error).strip().splitlines() or [repr(error)])[0]
            raise VideoError(f"cannot be decoded by decord ({reason})", str(path)) from error
        return frames


def decord_usable() -> bool:
    """Whether decord is installed and this process holds no CUDA context."""
    torch = sys.modules.get("torch")
    holds_cuda = torch is not None and bool(torch.cuda.is_initialized())
    return not holds_cuda and util.find_spec("decord") is not None
