"""A linear grid on one dataset: features once and heads in one pass, against the peer's way.

The peer runs the frozen backbone on every training clip of every epoch of every head. Its cost is
extrapolated from measured training steps, which differ in nothing; ours is measured but for the
backbone, whose clips are counted and cost what a clip of the peer's forward pass costs. Decoding is
left out on both sides.
"""

import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

import torch

from severe_bench.models.network import build_network
from severe_bench.plan.job import NetworkRef, WeightsRef
from tests.performance.bench_heads import DECAYS, HEADS, RATES, Shape, fitted_together
from tests.performance.measure import Line, seconds

BUDGETS, SEEDS, EPOCHS, VIEWS = (250, 500, 1000), 3, 100, 10
WIDTH, CLASSES = 512, 100
BATCH = 1
STEPS = 3
MEASURED_EPOCHS = 3
"""Of the heads; they differ in nothing."""


def bench() -> Iterator[Line]:
    """R(2+1)D-18 on clips of 16 x 112 x 112."""
    assert len(RATES) * len(DECAYS) == HEADS
    per_clip = _forward_seconds()
    per_epoch = [_heads_seconds(budget) / MEASURED_EPOCHS for budget in BUDGETS]
    peer_clips = sum(BUDGETS) * SEEDS * HEADS * EPOCHS
    our_clips = max(BUDGETS) * VIEWS
    heads = sum(per_epoch) * EPOCHS * SEEDS
    ours, peer = our_clips * per_clip + heads, peer_clips * per_clip
    grid = f"{len(BUDGETS)} budgets x {SEEDS} seeds x {HEADS} heads x {EPOCHS} epochs"
    yield Line(
        f"linear grid, {grid}: forward every epoch (extrapolated) / features once",
        f"{peer / ours:.0f}x; {peer_clips} clips, {peer / 3600:.0f} h / {our_clips} clips and "
        f"heads, {ours / 3600:.1f} h ({per_clip:.2f} s a clip, median of {STEPS} steps; heads "
        f"{heads:.0f} s, from {MEASURED_EPOCHS} epochs of each budget)",
        headline=True,
    )
    shared = sum(BUDGETS) * SEEDS * EPOCHS * per_clip
    yield Line(
        "the same if the peer trained all heads on one forward pass (it does not)",
        f"{shared / ours:.0f}x",
        headline=True,
    )


def _forward_seconds() -> float:
    reference = NetworkRef(backbone="r2plus1d_18", weights=WeightsRef(source="none", init_seed=0))
    network = build_network(reference, None).eval()
    clips = torch.rand(BATCH, 3, 16, 112, 112)
    with torch.inference_mode():
        network(clips)
        return statistics.median(seconds(lambda: network(clips)) for _ in range(STEPS)) / BATCH


def _heads_seconds(budget: int) -> float:
    """All heads of one budget and seed, for some epochs."""
    with tempfile.TemporaryDirectory() as folder:
        shape = Shape(budget, VIEWS, WIDTH, CLASSES)
        return seconds(lambda: fitted_together(shape, Path(folder), MEASURED_EPOCHS))
