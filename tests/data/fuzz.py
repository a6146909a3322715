"""Corrupted files: none may crash or hang the reader, each must be refused or read rightly.

`python -m tests.data.fuzz 1000` prints a table; the suite runs a few.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from severe_bench.core.errors import UserError
from severe_bench.data.decoders.pyav import PyAvDecoder
from severe_bench.data.isolated import ReaderProcess
from severe_bench.data.video import probe, read_frames
from tests.data.zoo import ZOO, Animal, numbers_of

DEADLINE = 20.0
SOURCES = [
    "xvid_b.avi", "xvid_packed.avi", "h264_b.mp4", "h264_faststart.mp4", "h264_open.mkv",
    "h264_b.ts", "h264_b.avi", "hevc.mp4", "vp9.webm", "av1.webm", "mjpeg.avi", "mpeg2_b.mpg",
]  # fmt: skip
HEADER = 256

Corruption = Callable[[bytes, np.random.Generator], bytes]


def truncated(content: bytes, rng: np.random.Generator) -> bytes:
    return content[: int(rng.integers(1, len(content)))]


def beheaded(content: bytes, rng: np.random.Generator) -> bytes:
    return content[int(rng.integers(1, len(content))) :]


def bits_flipped(content: bytes, rng: np.random.Generator) -> bytes:
    made = np.frombuffer(content, np.uint8).copy()
    places = rng.integers(0, len(made), rng.integers(1, 40))
    made[places] ^= (1 << rng.integers(0, 8, len(places))).astype(np.uint8)
    return made.tobytes()


def header_changed(content: bytes, rng: np.random.Generator) -> bytes:
    made = bytearray(content)
    for place in rng.integers(0, min(HEADER, len(made)), rng.integers(1, 12)):
        made[place] = int(rng.integers(0, 256))
    return bytes(made)


def index_changed(content: bytes, rng: np.random.Generator) -> bytes:
    """In the last bytes, where mp4 and AVI keep their index."""
    made = bytearray(content)
    for place in rng.integers(1, min(1500, len(made)), rng.integers(1, 12)):
        made[-place] = int(rng.integers(0, 256))
    return bytes(made)


def block_lost(content: bytes, rng: np.random.Generator) -> bytes:
    at, size = int(rng.integers(0, len(content))), int(rng.integers(1, 2000))
    return content[:at] + bytes(min(size, len(content) - at)) + content[at + size :]


def other_name(content: bytes, rng: np.random.Generator) -> bytes:
    """Garbage in the place of a video."""
    return rng.integers(0, 256, 4000, dtype=np.uint8).tobytes()


CORRUPTIONS: tuple[Corruption, ...] = (
    truncated, beheaded, bits_flipped, header_changed, index_changed, block_lost, other_name,
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A corrupted file and what became of it.

    Args:
        outcome: `refused`, `same frames`, `fewer frames`, `other pixels`, `crash` or `hang`.
        reason: in the reader's words.
    """

    name: str
    corruption: str
    outcome: str
    reason: str


def look(path: Path) -> tuple[list[int], float]:
    """Reads every frame, sparsely and in sequence: numbers, and how far both ways differ."""
    info = probe(path)
    indices = list(range(0, info.frames, max(1, info.frames // 16)))
    sparse = np.concatenate([read_frames(path, [index], info) for index in indices])
    whole = PyAvDecoder().read(path, indices, info)
    everything = read_frames(path, range(info.frames), info)
    return numbers_of(everything), float(np.abs(sparse.astype(int) - whole).max())


def outcome_of(reader: ReaderProcess, path: Path, animal: Animal) -> tuple[str, str]:
    try:
        numbers, difference = reader.call(look, path)
    except UserError as error:
        kind = error.what.split(" ")[0]
        return {"crashes": "crash", "keeps": "hang"}.get(kind, "refused"), error.what
    if difference > 2:
        return "sparse differs", f"by {difference:.0f}"
    if numbers == animal.numbers:
        return "same frames", ""
    if numbers and numbers == [n for n in animal.numbers if n in set(numbers)]:
        return "fewer frames", f"{len(numbers)} of {animal.count}"
    return "other pixels", f"{len(numbers)} frames"


def fuzz(folder: Path, count: int, seed: int = 0) -> Iterator[Case]:
    rng = np.random.default_rng(seed)
    animals = [animal for animal in ZOO if animal.name in SOURCES]
    contents = {animal.name: animal.write(folder).read_bytes() for animal in animals}
    with ReaderProcess(DEADLINE) as reader:
        for number in range(count):
            animal = animals[number % len(animals)]
            corrupt = CORRUPTIONS[number // len(animals) % len(CORRUPTIONS)]
            path = folder / f"{number:04}_{corrupt.__name__}_{animal.name}"
            path.write_bytes(corrupt(contents[animal.name], rng))
            outcome, reason = outcome_of(reader, path, animal)
            path.unlink()
            yield Case(path.name, corrupt.__name__, outcome, reason)


def table(cases: list[Case]) -> str:
    outcomes = sorted({case.outcome for case in cases})
    lines = ["| corruption | files | " + " | ".join(outcomes) + " |"]
    lines.append("| --- " * (len(outcomes) + 2) + "|")
    for corruption in (*(c.__name__ for c in CORRUPTIONS), "all"):
        chosen = [c for c in cases if corruption in (c.corruption, "all")]
        found = Counter(case.outcome for case in chosen)
        cells = " | ".join(str(found[outcome]) for outcome in outcomes)
        lines.append(f"| {corruption.replace('_', ' ')} | {len(chosen)} | {cells} |")
    return "\n".join(lines)


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        found = list(fuzz(Path(temporary), count))
    print(table(found))
    for case in found:
        if case.outcome not in ("refused", "same frames"):
            print(case.name, case.outcome, case.reason, sep=": ")


if __name__ == "__main__":
    from tests.data import fuzz as importable  # noqa: PLW0406 - another process calls `look`

    importable.main(int(sys.argv[1]))
