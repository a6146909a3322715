"""CPU time of a 32-frame training clip: prepared files against decord on the originals.

Originals as datasets are distributed: long groups of pictures, B-frames. Both sides read the same
clips, 2 s at 16 frames per second from random places, each from a file that is opened anew.
"""

import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from severe_bench.config.prepared import Prepared
from severe_bench.config.recipe import Clip
from severe_bench.core.record import Record
from severe_bench.data.clips import train_indices
from severe_bench.data.reencode import reencode
from severe_bench.data.store import VideoStore
from tests.performance.films import ORIGINALS, Original, film
from tests.performance.measure import Line, Ratio, cpu_seconds, ratio_of

CLIP = Clip(frames=32, sampling="seconds", rate=16.0)
PAIRS = 15


def bench() -> Iterator[Line]:
    """Each kind of original in turn."""
    for original in ORIGINALS:
        with tempfile.TemporaryDirectory() as folder:
            ratio, slow, fast = _measure(original, Path(folder))
        claim = f"CPU per 32-frame clip, {original.name}: decord on it / prepared"
        figures = f"{ratio}; {slow * 1e3:.1f} ms / {fast * 1e3:.1f} ms; wanted {original.claim}x"
        yield Line(claim, figures)


def _measure(original: Original, folder: Path) -> tuple[Ratio, float, float]:
    path = folder / f"original{original.suffix}"
    film(path, original)
    made = reencode(path, path.name, folder / "prepared.mp4", "prepared.mp4", Prepared())
    store = VideoStore(folder, max_bytes=0)
    record = Record("prepared", "prepared.mp4", 0, "train")
    rng = np.random.default_rng(0)
    clips = [train_indices(CLIP, made.frames, made.fps, rng).tolist() for _ in range(PAIRS)]
    _decord(path, clips[0])
    store.clip(record, clips[0])
    slow = [cpu_seconds(lambda clip=clip: _decord(path, clip)) for clip in clips]
    fast = [cpu_seconds(lambda clip=clip: store.clip(record, clip)) for clip in clips]
    return ratio_of(slow, fast), statistics.median(slow), statistics.median(fast)


def _decord(path: Path, clip: list[int]) -> None:
    import decord

    decord.VideoReader(str(path), ctx=decord.cpu(0), num_threads=1).get_batch(clip).asnumpy()
