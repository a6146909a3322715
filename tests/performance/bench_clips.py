"""CPU time of clips until the device can have them: the peer's way against ours, file by file.

The peer's loader hands out augmented float clips, ours uint8 frames that are augmented as a batch
where the network is; that second part is measured by itself, on the CPU.
"""

import statistics
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from severe_bench.config.prepared import Prepared
from severe_bench.config.recipe import Augment, Clip, Recipe
from severe_bench.core.record import Record
from severe_bench.data.clips import train_indices
from severe_bench.data.made import Made
from severe_bench.data.prepared import Manifest
from severe_bench.data.raw_frames import SUFFIX
from severe_bench.data.reading import TestReader
from severe_bench.data.reencode import reencode
from severe_bench.data.store import VideoStore
from severe_bench.data.transforms import Draws, apply, draw, test_crops
from tests.performance import peer
from tests.performance.films import ORIGINALS, Original, film
from tests.performance.measure import Line, cpu_seconds, ratio_of

CLIP = Clip(frames=peer.FRAMES, sampling="seconds", rate=peer.RATE, size=peer.SIZE)
AUGMENT = Augment(brightness=0.4, contrast=0.4, saturation=0.4, hue=0.2)
RECIPE = Recipe.model_validate({"clip": CLIP.model_dump(), "test": {"clips": peer.CLIPS}})
XVID, _, FULL_HD = ORIGINALS
PAIRS = 9


def bench() -> Iterator[Line]:
    """Training clips, test videos, augmentation."""
    for original, kinds in ((XVID, ("prepared", "raw uint8")), (FULL_HD, ("prepared",))):
        with tempfile.TemporaryDirectory() as folder:
            films = Films(Path(folder), original)
            for kind in kinds:
                yield _training(films, kind)
            if original is XVID:
                yield _dense(films)
    yield _augmentation()


class Films:
    """One original, and what it was prepared to."""

    def __init__(self, folder: Path, original: Original) -> None:
        self.name, self.claims = original.name, original.claim
        self.path = folder / f"original{original.suffix}"
        film(self.path, original)
        self.stores: dict[str, VideoStore] = {}
        self.made: dict[str, Made] = {}
        for kind, how, suffix in (
            ("prepared", Prepared(), ".mp4"),
            ("raw uint8", Prepared(raw=True), SUFFIX),
        ):
            place = folder / kind
            place.mkdir()
            self.made[kind] = made = reencode(
                self.path, self.path.name, place / f"film{suffix}", f"film{suffix}", how
            )
            manifest = Manifest(place, how)
            manifest.begin()
            manifest.add(made)
            self.stores[kind] = VideoStore(place, max_bytes=0)

    def record(self, kind: str) -> Record:
        return Record("film", self.made[kind].prepared, 0, "test")


def _training(films: Films, kind: str) -> Line:
    store, made, rng = films.stores[kind], films.made[kind], np.random.default_rng(0)
    clips = [train_indices(CLIP, made.frames, made.fps, rng).tolist() for _ in range(PAIRS + 1)]
    ours = [partial(store.clip, films.record(kind), clip) for clip in clips]
    theirs = [partial(_theirs, films.path, seed) for seed in range(PAIRS + 1)]
    return _line(f"CPU per training clip from {films.name}: peer / {kind}", theirs, ours)


def _theirs(path: Path, seed: int) -> None:
    frames = peer.training_frames(path, np.random.default_rng(seed))
    width, height = frames[0].size
    peer.normalised(peer.augmented(frames, _draws(1, height, width, seed), 0))


def _dense(films: Films) -> Line:
    reader = TestReader(films.stores["prepared"], (films.record("prepared"),), RECIPE)

    def ours() -> None:
        raw = reader(0)
        test_crops(raw.frames, peer.SIZE, RECIPE.test, "cpu")

    claim = f"CPU per dense test video of {peer.CLIPS} clips from {films.name}: peer / prepared"
    return _line(claim, [partial(peer.dense, films.path)] * (PAIRS + 1), [ours] * (PAIRS + 1))


def _augmentation() -> Line:
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (8, peer.FRAMES, 30, 40, 3), dtype=np.uint8)
    clips = [
        np.stack([np.asarray(Image.fromarray(f).resize((171, 128))) for f in clip])
        for clip in coarse
    ]
    pictures = [[Image.fromarray(frame) for frame in clip] for clip in clips]
    draws = _draws(len(clips), 128, 171, 0)

    def theirs() -> torch.Tensor:
        rows = [peer.augmented(frames, draws, row) for row, frames in enumerate(pictures)]
        arrays = np.stack([np.stack([np.asarray(image) for image in row]) for row in rows])
        return torch.from_numpy(arrays).permute(0, 4, 1, 2, 3).float() / 255

    def ours() -> torch.Tensor:
        return apply(clips, draws, peer.SIZE, "cpu")

    claim = "CPU of augmenting 8 clips of 32 frames for the same draw: PIL by frame / batched"
    line = _line(claim, [theirs] * (PAIRS + 1), [ours] * (PAIRS + 1))
    plain = torch.stack([peer.unrounded(frames, draws, n) for n, frames in enumerate(clips)])
    apart = (
        "grey levels apart, mean and most: batched from frame by frame in float "
        f"{_apart(ours(), plain)}, PIL from frame by frame in float {_apart(theirs(), plain)} (it "
        "cuts off fractions after each step and turns hue in 8-bit HSV)"
    )
    return replace(line, measured=f"{line.measured}; {apart}")


def _apart(one: torch.Tensor, other: torch.Tensor) -> str:
    found = 255 * (one.double() - other.double()).abs()
    return f"{found.mean():.2f} and {found.max():.2f}"


def _draws(count: int, height: int, width: int, seed: int) -> Draws:
    return draw(AUGMENT, [(height, width)] * count, torch.Generator().manual_seed(seed))


def _line(claim: str, theirs: list[Callable[[], object]], ours: list[Callable[[], object]]) -> Line:
    """Pairs in turn; the first one does not count."""
    taken = [(cpu_seconds(a), cpu_seconds(b)) for a, b in zip(theirs, ours, strict=True)][1:]
    slow, fast = zip(*taken, strict=True)
    milliseconds = [1e3 * statistics.median(side) for side in (slow, fast)]
    figures = f"{milliseconds[0]:.1f} ms / {milliseconds[1]:.1f} ms"
    return Line(claim, f"{ratio_of(slow, fast)}; {figures}", headline=True)
