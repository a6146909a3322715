"""CKA of 11 models on 20,000 videos: sums over blocks of videos against n x n Gram matrices."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from severe_bench.analysis.cka import cka_matrix
from tests.performance.measure import Line, seconds

Array = NDArray[np.float64]
VIDEOS, WIDTH, MODELS = 20_000, 512, 11
SMALL = int(os.environ.get("SEVERE_BENCH_GRAM_VIDEOS", "6000"))
"""Videos that the n x n side is timed at; its time grows with their square."""


def bench() -> Iterator[Line]:
    """All pairs of the one against one pair of the other, scaled to all pairs and all videos."""
    with tempfile.TemporaryDirectory() as folder:
        features = [_features(Path(folder), i) for i in range(MODELS)]
        fast = seconds(lambda: cka_matrix(features))
        few = [x[:SMALL] for x in features[:2]]
        values: list[float] = []
        slow = seconds(lambda: values.append(debiased_by_gram(*few)))
    pairs = MODELS * (MODELS - 1) // 2
    scaled = slow * pairs * (VIDEOS / SMALL) ** 2
    apart = abs(values[0] - float(cka_matrix(few)[0, 1]))
    yield Line(f"CKA, {MODELS} models, {VIDEOS} x {WIDTH}: all pairs, by blocks", f"{fast:.1f} s")
    yield Line(
        f"CKA, {MODELS} models, {VIDEOS} x {WIDTH}: n x n matrices (extrapolated) / by blocks",
        f"{scaled / fast:.0f}x; {scaled:.0f} s (one pair of {SMALL} videos took {slow:.1f} s, "
        f"times {pairs} pairs and ({VIDEOS}/{SMALL})^2); values differ by {apart:.0e}",
        headline=True,
    )


def debiased_by_gram(x: NDArray[np.float32], y: NDArray[np.float32]) -> float:
    """The definition: both Gram matrices, U-centred (Szekely and Rizzo 2014)."""
    k, m = (_u_centred(f.astype(np.float64) @ f.astype(np.float64).T) for f in (x, y))
    return float(np.vdot(k, m) / np.sqrt(np.vdot(k, k) * np.vdot(m, m)))


def _u_centred(gram: Array) -> Array:
    n = len(gram)
    np.fill_diagonal(gram, 0.0)
    rows = gram.sum(axis=1)
    total = rows.sum() / ((n - 1) * (n - 2))
    gram -= rows[:, None] / (n - 2)
    gram -= rows[None, :] / (n - 2)
    gram += total
    np.fill_diagonal(gram, 0.0)
    return gram


def _features(folder: Path, model: int) -> NDArray[np.float32]:
    """Features that share a part with those of the other models, in a file that is mapped."""
    shared = np.random.default_rng(0).standard_normal((VIDEOS, 64), np.float32)
    own = np.random.default_rng(model + 1).standard_normal((VIDEOS, WIDTH), np.float32)
    own[:, :64] += shared
    path = folder / f"{model}.npy"
    np.save(path, own)
    return np.load(path, mmap_mode="r")  # type: ignore[no-any-return]


if __name__ == "__main__":
    for line in bench():
        print(line)
