"""What each back end does alone on the zoo: `python -m tests.data.back_ends 200` prints a table.

Frames state their own number, so nothing is compared with another decoder.
"""

import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from severe_bench.core.errors import UserError
from severe_bench.data.decoders.decoder import Decoder, Frames, VideoInfo
from severe_bench.data.decoders.decord import DecordDecoder
from severe_bench.data.decoders.seeking import PyAvSeeker
from severe_bench.data.decoders.torchcodec import TorchcodecDecoder, torchcodec_usable
from severe_bench.data.video import probe, read_frames
from tests.data.zoo import ZOO, Animal, fill, numbers_of


class Severe:
    name = "severe"

    def read(self, path: Path, indices: Sequence[int], info: VideoInfo) -> Frames:
        return read_frames(path, indices, info)


@dataclass(frozen=True)
class Score:
    """Index sets of one file that came right, wrong, or not at all."""

    right: int = 0
    wrong: int = 0
    refused: int = 0
    off: int = 0

    def __str__(self) -> str:
        if self.refused == self.right + self.wrong + self.refused:
            return "not read"
        if not self.wrong + self.refused:
            return "exact"
        return f"{self.wrong} wrong, up to {self.off} off" + f", {self.refused} failed" * (
            self.refused > 0
        )


def score(decoder: Decoder, path: Path, animal: Animal, info: VideoInfo, sets: int) -> Score:
    rng = np.random.default_rng(0)
    right = wrong = refused = off = 0
    for _ in range(sets):
        asked = sorted(set(rng.integers(0, animal.count, rng.integers(1, 9)).tolist()))
        try:
            found = numbers_of(animal.upright(decoder.read(path, asked, info)))
        except UserError:
            refused += 1
            continue
        distance = max(
            abs(a - animal.numbers[b]) if a in animal.numbers else animal.count
            for a, b in zip(found, asked, strict=True)
        )
        off = max(off, distance)
        right, wrong = right + (distance == 0), wrong + (distance > 0)
    return Score(right, wrong, refused, off)


def rows(folder: Path, sets: int) -> Iterator[tuple[str, list[Score]]]:
    for animal, path in fill(folder, ZOO):
        info = probe(path)
        yield animal.name, [score(d, path, animal, info, sets) for d in decoders()]


def decoders() -> list[Decoder]:
    more: list[Decoder] = [TorchcodecDecoder()] if torchcodec_usable() else []
    return [DecordDecoder(), *more, PyAvSeeker(), Severe()]


def main(sets: int) -> None:
    names = [decoder.name for decoder in decoders()]
    names[-2] += ", seeking"
    print(f"| file | {' | '.join(names)} |\n|{' --- |' * (len(names) + 1)}")
    totals = [[0, 0, 0] for _ in names]
    with tempfile.TemporaryDirectory() as folder:
        for name, scores in rows(Path(folder), sets):
            print(f"| {name} | {' | '.join(map(str, scores))} |", flush=True)
            for total, one in zip(totals, scores, strict=True):
                total[0] += one.wrong == one.refused == 0
                total[1] += one.wrong > 0
                total[2] += one.wrong == 0 and one.refused > 0
    cells = [f"{a} exact, {b} wrong, {c} not read" for a, b, c in totals]
    print(f"| **{len(ZOO)} files, {sets} index sets each** | {' | '.join(cells)} |")


if __name__ == "__main__":
    main(int(sys.argv[1]))
