"""What is known of a prepared video and of its original."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Made:
    """One prepared video.

    Args:
        path: of the original, relative to the root of the originals.
        size, mtime_ns, sha256: of the original.
        prepared: relative to the folder of the prepared ones.
        prepared_size, prepared_sha256: of the prepared file.
        frames: of the prepared file; as many as the original has.
        fps: of the prepared file.
        resampled: the original's frame rate varies, so that frame i is not frame i of it.
        decoder: that read the original, by name and version; empty in older manifests.
    """

    path: str
    size: int
    mtime_ns: int
    sha256: str
    prepared: str
    prepared_size: int
    prepared_sha256: str
    frames: int
    fps: float
    resampled: bool
    decoder: str = ""

    def is_current(self, root: Path, folder: Path) -> bool:
        """Whether the original is still the one that was read, and the prepared file is there."""
        try:
            original, made = (root / self.path).stat(), (folder / self.prepared).stat()
        except OSError:
            return False
        seen = (original.st_size, original.st_mtime_ns, made.st_size)
        return seen == (self.size, self.mtime_ns, self.prepared_size)
