"""All pairs of models of one experiment: difference, interval, tests, and what could be detected.

Two variances are kept apart: test videos (another test set) by the paired cluster bootstrap of the
seed-averaged difference, and seeds (another training run) by the spread of the difference over
common seeds.

Where all groups of test videos differ alike there is no spread to measure, and the difference is
judged by what other groups could have shown (`few_groups.equal_groups`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, nctdtrinc, stdtr, stdtrit

from severe_bench.analysis.intervals import PairedDifference, Resampled, with_seeds_drawn
from severe_bench.core.metric import Metric
from severe_bench.metrics.bootstrap import percentiles_of_each
from severe_bench.metrics.few_groups import (
    FEW,
    LEVEL,
    ROUNDING,
    all_agree,
    around,
    equal_differences_p,
    equal_groups,
    standard_errors,
)

Array = NDArray[np.float64]
BLOCK = 500
"""Pairs whose resampled differences are held at once."""
POWER = 0.8
SIZE = 0.05


@dataclass(frozen=True)
class Comparison:
    """Model `a` minus model `b` on the same videos and common seeds, in the metric's unit.

    Args:
        difference: mean and 95 % interval.
        video_se: standard error from test videos, paired, drawn by group; None where all resamples
            agree, so that it is not known.
        seed_se: standard error from seeds; None with one common seed, whose variance is unknown.
        p: two-sided, of no difference: t = mean / sqrt(video_se^2 + seed_se^2) with the degrees of
            freedom of Satterthwaite (1946). Without `video_se` the exact p of groups that differ
            alike (`few_groups.equal_differences_p`), or that of the seeds where it is larger.
        freedom: these; 0 where the t-test cannot be made.
        holm: `p` adjusted for all pairs of the experiment (Holm 1979).
        a_better, b_better: groups of test videos (single ones where there are no groups) on which
            that model did better over the common seeds; None for metrics that are no mean over
            videos.
        sign_p: exact two-sided test that both are equally likely. With one seed and no groups this
            is McNemar's exact test.
    """

    difference: PairedDifference
    video_se: float | None
    seed_se: float | None
    p: float
    freedom: float
    holm: float
    a_better: int | None
    b_better: int | None
    sign_p: float | None

    @property
    def standard_error(self) -> float:
        """Of both variances together."""
        return float(np.hypot(self.video_se or 0.0, self.seed_se or 0.0))

    def turned(self) -> "Comparison":
        """Model `b` minus model `a`."""
        difference = self.difference.scaled(-1.0)
        return replace(self, difference=difference, a_better=self.b_better, b_better=self.a_better)

    @property
    def separable(self) -> bool:
        """Whether the models differ at 5 %, adjusted for all pairs of the experiment."""
        return self.holm < SIZE


Pair = tuple[str, str]


def compare_all(resampled: Mapping[str, Resampled], n: int) -> dict[Pair, Comparison]:
    """Every pair of models with a common seed, in the order of `resampled`.

    Args:
        resampled: model -> its metric, all of one call of `intervals.resample`.
        n: test videos.

    Percentiles of the draws of test videos and seeds (a crossed bootstrap); with S seeds the drawn
    spread over seeds is (S - 1) / S of the true variance, so with few seeds they are somewhat
    narrow. With few groups of test videos (see `metrics.few_groups`) the interval is that of the
    t-test.
    """
    pairs = list(combinations(resampled, 2))
    by_seeds: dict[tuple[int, ...], list[Pair]] = {}
    for a, b in pairs:
        common = tuple(sorted(set(resampled[a].seeds) & set(resampled[b].seeds)))
        if common:
            by_seeds.setdefault(common, []).append((a, b))
    found: dict[Pair, Comparison] = {}
    for seeds, alike in by_seeds.items():
        models = dict.fromkeys(model for pair in alike for model in pair)
        sides = {model: Side.of(resampled[model], seeds) for model in models}
        for i in range(0, len(alike), BLOCK):
            block = alike[i : i + BLOCK]
            found |= zip(block, _compare([(sides[a], sides[b]) for a, b in block], n), strict=True)
    kept = [pair for pair in pairs if pair in found]
    adjusted = holm([found[pair].p for pair in kept])
    return {pair: replace(found[pair], holm=p) for pair, p in zip(kept, adjusted, strict=True)}


@dataclass(frozen=True)
class Side:
    """One model over the seeds that it has in common with another.

    Args:
        values: (S,) the metric of each seed.
        averaged: (B,) its mean over seeds on each resampled test set; `drawn` (B,) with seeds drawn
            again too.
        gains: (G,) what each group contributes, all seeds together, more is better; or None.
        groups, metric: as of `Resampled`.
    """

    values: Array
    averaged: Array
    drawn: Array
    gains: Array | None
    groups: int
    metric: Metric

    @classmethod
    def of(cls, found: Resampled, seeds: Sequence[int]) -> "Side":
        """Restricted to some seeds."""
        rows = [found.seeds.index(seed) for seed in seeds]
        replicates = found.replicates[rows]
        better = 1.0 if found.metric.higher_is_better else -1.0
        return cls(
            found.values[rows],
            replicates.mean(axis=0),
            with_seeds_drawn(replicates),
            None if found.per_group is None else better * found.per_group[rows].sum(axis=0),
            found.groups,
            found.metric,
        )


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values adjusted for the family that they are, by Holm's step-down method.

    Example:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p, kind="stable")
    steps = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1))
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(steps, 1.0)
    return [float(value) for value in adjusted]


def mcnemar(a_only: int, b_only: int) -> float:
    """Exact two-sided p-value that two models are as good, from their discordant videos.

    Args:
        a_only: how many only the first got right.
        b_only: how many only the second got right.

    Example:
        >>> round(mcnemar(1, 5), 6)
        0.21875
    """
    return min(1.0, 2.0 * float(bdtr(min(a_only, b_only), a_only + b_only, 0.5)))


def detectable(standard_error: float, freedom: float) -> float:
    """The difference that the two-sided t-test at 5 % finds with a chance of 80 %.

    From the noncentral t distribution; with few seeds it takes far more than the 2.80 standard
    errors that suffice where these are known. NaN without a degree of freedom.

    Example:
        >>> round(detectable(1.0, 1e6), 2), round(detectable(1.0, 2), 2)
        (2.8, 5.65)
    """
    if freedom <= 0:
        return float("nan")
    least = stdtrit(freedom, 1 - SIZE / 2)
    return float(standard_error * nctdtrinc(freedom, 1 - POWER, least))


def freedom_of(video_se: float, groups: int, seed_se: float | None, seeds: int) -> float:
    """Degrees of freedom of the sum of both variances (Satterthwaite 1946); 0 where there are none.

    Example:
        >>> freedom_of(1.0, 101, None, 1), freedom_of(0.0, 101, 1.0, 3)
        (100.0, 2.0)
    """
    parts = [(video_se**2, groups - 1), ((seed_se or 0.0) ** 2, seeds - 1)]
    total = sum(variance for variance, _ in parts)
    scale = sum(variance**2 / freedom for variance, freedom in parts if freedom > 0)
    return float(total**2 / scale) if scale > 0 else 0.0


def t_test(mean: float, video_se: float, groups: int, seed_se: float | None, seeds: int) -> float:
    """Two-sided p-value of no difference, see `Comparison.p`; 1 where nothing varies or differs."""
    error = float(np.hypot(video_se, seed_se or 0.0))
    if error == 0:
        return 1.0 if mean == 0 else 0.0
    freedom = freedom_of(video_se, groups, seed_se, seeds)
    return float(2.0 * stdtr(freedom, -abs(mean) / error)) if freedom > 0 else 1.0


def _compare(pairs: Sequence[tuple[Side, Side]], n: int) -> list[Comparison]:
    values = np.stack([a.values - b.values for a, b in pairs])
    seeds, first = values.shape[1], pairs[0][0]
    redrawn = np.stack([a.averaged - b.averaged for a, b in pairs])
    video = standard_errors(redrawn, first.groups)
    seed = values.std(axis=1, ddof=1) / np.sqrt(seeds) if seeds > 1 else [None] * len(pairs)
    few = first.groups < FEW
    bounds = _by_t(values, video, seed, first.groups) if few else _by_percentiles(pairs)
    means = values.mean(axis=1)
    alike = all_agree(redrawn, means)
    bounds[alike] = _hull(bounds[alike], _equal(means[alike], first))
    bounds = np.clip(bounds, *_range(first.metric))
    return [
        _comparison(
            pair,
            PairedDifference(float(mean), float(low), float(high), n, seeds),
            None if same else float(video_se),
            None if seed_se is None else float(seed_se),
        )
        for pair, mean, (low, high), same, video_se, seed_se in zip(
            pairs, means, bounds, alike, video, seed, strict=True
        )
    ]


def _by_percentiles(pairs: Sequence[tuple[Side, Side]]) -> Array:
    return percentiles_of_each(np.stack([a.drawn - b.drawn for a, b in pairs]))


def _by_t(values: Array, video: Array, seed: Array | Sequence[None], groups: int) -> Array:
    """(K, 2): the interval that leaves out zero where `t_test` has p < 5 %."""
    seeds = values.shape[1]
    freedom = np.array(
        [freedom_of(float(v), groups, s, seeds) for v, s in zip(video, seed, strict=True)]
    )
    error = np.hypot(video, [s or 0.0 for s in seed])
    return around(values.mean(axis=1), error, np.maximum(freedom, 1.0))


def _equal(means: Array, side: Side) -> Array:
    """(K, 2): intervals of differences that all groups have; of no mean over videos, all of it."""
    if side.gains is None:
        return np.tile([-np.inf, np.inf], (len(means), 1))
    return equal_groups(means, side.groups, _range(side.metric), (1 - LEVEL) / 2)


def _hull(one: Array, other: Array) -> Array:
    """(K, 2): the shortest intervals that hold both."""
    low, high = np.minimum(one, other)[:, :1], np.maximum(one, other)[:, 1:]
    return np.concatenate([low, high], axis=1)


def _range(metric: Metric) -> tuple[float, float]:
    """What two values of the metric can differ by."""
    least, most = metric.bounds
    return least - most, most - least


def _comparison(
    pair: tuple[Side, Side],
    difference: PairedDifference,
    video_se: float | None,
    seed_se: float | None,
) -> Comparison:
    a, b = pair
    spread = video_se or 0.0, a.groups, seed_se, difference.seeds
    p = t_test(difference.mean, *spread)
    if video_se is None:
        p = max(p, _equal_p(difference.mean, a))
    freedom = 0.0 if video_se is None else freedom_of(*spread)
    if a.gains is None or b.gains is None:
        return Comparison(difference, video_se, seed_se, p, freedom, p, None, None, None)
    gain = a.gains - b.gains
    better, worse = int((gain > ROUNDING).sum()), int((gain < -ROUNDING).sum())
    sign_p = mcnemar(better, worse)
    return Comparison(difference, video_se, seed_se, p, freedom, p, better, worse, sign_p)


def _equal_p(mean: float, side: Side) -> float:
    if side.gains is None:
        return 1.0
    return equal_differences_p(mean, side.groups, _range(side.metric)[1])
