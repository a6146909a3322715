"""How often the intervals hold the truth and the tests err, in simulated worlds of no difference.

`python -m tests.analysis.simulation` prints the table of docs/statistics.md.
"""

from dataclasses import dataclass

import numpy as np

from severe_bench.analysis.comparison import compare_all
from severe_bench.analysis.intervals import interval, resample
from severe_bench.metrics.accuracy import TOP1
from severe_bench.store.predictions import Predictions


@dataclass(frozen=True)
class World:
    """Two equally good models, tested on grouped videos with several training seeds.

    A video is right when the sum of normal effects is positive: of the group, of the video, of the
    training run (by model and seed), and a rest of its own.
    """

    seeds: int
    groups: int
    per_group: int
    group_effect: float = 0.7
    video_effect: float = 0.7
    run_effect: float = 0.12


@dataclass(frozen=True)
class Rates:
    """Shares of the worlds.

    Args:
        covered: the paired 95 % interval holds zero.
        single: the 95 % interval of one model over videos holds its accuracy on all videos.
        rejected: the t-test has p < 5 %.
        signs: the exact test has p < 5 %.
    """

    covered: float
    single: float
    rejected: float
    signs: float


def simulate(world: World, worlds: int, draws: int = 1000, seed: int = 0) -> Rates:
    """Draw worlds and count."""
    rng = np.random.default_rng(seed)
    seen = np.array([_one(world, rng, draws) for _ in range(worlds)], float)
    return Rates(*(float(share) for share in seen.mean(axis=0)))


def _one(world: World, rng: np.random.Generator, draws: int) -> tuple[bool, bool, bool, bool]:
    n = world.groups * world.per_group
    groups = np.repeat(np.arange(world.groups), world.per_group)
    shared = rng.normal(size=world.groups)[groups] * world.group_effect
    shared = shared + rng.normal(size=n) * world.video_effect
    runs = {
        model: {s: _run(world, rng, shared, groups) for s in range(world.seeds)} for model in "ab"
    }
    resampled = resample(TOP1, runs, draws)
    found = compare_all(resampled, n)["a", "b"]
    bounds = interval(resampled["a"])
    assert bounds is not None
    assert found.sign_p is not None
    return (
        not found.difference.excludes_zero,
        bounds.low <= 50.0 <= bounds.high,
        found.p < 0.05,
        found.sign_p < 0.05,
    )


def _run(
    world: World, rng: np.random.Generator, shared: np.ndarray, groups: np.ndarray
) -> Predictions:
    n = len(shared)
    total = shared + rng.normal() * world.run_effect + rng.normal(size=n)
    right = total > 0
    names = np.array([f"v{i}" for i in range(n)])
    scores = np.stack([right, ~right], axis=1).astype(np.float32)
    members = np.array([f"g{i}" for i in groups])
    return Predictions(names, np.zeros(n, np.int64), scores, members)


def main(worlds: int = 2000) -> None:
    """The table of docs/statistics.md."""
    error = 100 * (0.05 * 0.95 / worlds) ** 0.5
    print(f"{worlds} worlds each; standard error of a share of 5 % is {error:.1f} points")
    heads = ("seeds", "groups x videos", "run effect", "paired interval", "t-test", "exact test")
    print(f"| {' | '.join(heads)} | one model |")
    print("|---|---|---|---|---|---|---|")
    for seeds, groups, per_group, effect in CASES:
        found = simulate(World(seeds, groups, per_group, run_effect=effect), worlds, 500)
        shares = (found.covered, found.rejected, found.signs, found.single)
        row = " | ".join(f"{100 * share:.1f}" for share in shares)
        print(f"| {seeds} | {groups} x {per_group} | {effect} | {row} |", flush=True)


CASES = (
    (1, 200, 1, 0.0),
    (1, 50, 4, 0.0),
    (3, 200, 1, 0.0),
    (3, 200, 1, 0.12),
    (5, 200, 1, 0.12),
    (10, 200, 1, 0.12),
    (3, 50, 4, 0.12),
    (10, 50, 4, 0.12),
    (1, 3, 30, 0.0),
    (1, 5, 12, 0.0),
    (1, 10, 10, 0.0),
    (1, 10, 1, 0.0),
    (1, 20, 6, 0.0),
    (1, 39, 4, 0.0),
    (1, 40, 4, 0.0),
    (3, 5, 12, 0.12),
    (3, 20, 6, 0.12),
)

if __name__ == "__main__":
    main()
