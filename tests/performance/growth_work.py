"""One point of a growth curve, in a process of its own: seconds of each step, and memory.

`python -m tests.performance.growth_work samples|features SIZE FOLDER` prints one JSON object.
"""

import json
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CLASSES, WIDTH, BATCH, BLOCK = 174, 512, 128, 4096
MIB = 1 << 20


class Watched:
    """Seconds of steps, and the most memory that the process held beyond what it began with.

    Pages of mapped files do not count: they go when somebody else needs the memory.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._first = self._most = _held()
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def step(self, name: str, work: Callable[[], object]) -> None:
        began = time.perf_counter()
        work()
        self.seconds[name] = time.perf_counter() - began

    def points(self) -> dict[str, float]:
        self._end.set()
        self._thread.join()
        return {**self.seconds, "MiB": (self._most - self._first) / MIB}

    def _watch(self) -> None:
        while not self._end.wait(0.01):
            self._most = max(self._most, _held())


def _held() -> int:
    found = re.search(r"RssAnon:\s+(\d+)", Path("/proc/self/status").read_text())
    return int(found.group(1)) * 1024 if found else 0


def samples(size: int, folder: Path) -> dict[str, float]:
    """Read a list of videos and draw budgets from it."""
    from severe_bench.core.budget import Budget
    from severe_bench.data.adapter import Location
    from severe_bench.data.budgets import draw
    from severe_bench.data.datasets.manifest import ManifestOptions, load_manifest

    lines = (f"videos/{i}.webm,class {i % CLASSES},train" for i in range(size))
    (folder / "annotations.csv").write_text("\n".join(["path,label,split", *lines]) + "\n")
    watched, found = Watched(), []
    where = Location(root=folder, annotations=folder)
    watched.step("list read", lambda: found.append(load_manifest(ManifestOptions(), where)))
    pool = found[0].of("train")
    watched.step("budget drawn", lambda: draw(Budget(count=1000), pool, CLASSES, 0))
    return watched.points()


def features(size: int, folder: Path) -> dict[str, float]:
    """Write features shard by shard, take their statistics, go through them in batches."""
    from severe_bench.adapt.rows import mean_and_deviation
    from severe_bench.core.shards import read_shards, write_shards

    random = np.random.default_rng(0)

    def blocks() -> Iterator[Mapping[str, NDArray[np.float32]]]:
        for first in range(0, size, BLOCK):
            rows = min(BLOCK, size - first)
            yield {"features": random.standard_normal((rows, 1, WIDTH), np.float32)}

    watched = Watched()
    watched.step("shards written", lambda: write_shards(folder, blocks()))
    rows = read_shards(folder)["features"]
    watched.step("standardised", lambda: mean_and_deviation(rows))
    order = random.permutation(size)

    def epoch() -> None:
        for first in range(0, size, BATCH):
            numbers = order[first : first + BATCH]
            rows[numbers, np.zeros_like(numbers)]

    watched.step("epoch read", epoch)
    return watched.points()


if __name__ == "__main__":
    work = {"samples": samples, "features": features}[sys.argv[1]]
    print(json.dumps(work(int(sys.argv[2]), Path(sys.argv[3]))))
