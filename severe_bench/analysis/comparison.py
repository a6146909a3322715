"""All pairs of models of one experiment: difference, interval, tests, and what could be detected.

Two variances are kept apart: test videos (another test set) by the paired cluster bootstrap of the
seed-averaged difference, and seeds (another training run) by the spread of the difference over
common seeds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, ndtri, stdtr

from severe_bench.analysis.intervals import PairedDifference, Resampled, paired

Array = NDArray[np.float64]
POWER = 0.8
SIZE = 0.05


@dataclass(frozen=True)
class Comparison:
    """Model `a` minus model `b` on the same videos and common seeds, in the metric's unit.

    Args:
        difference: mean and 95 % interval.
        video_se: standard error from test videos, paired, drawn by group.
        seed_se: standard error from seeds; None with one common seed, whose variance is unknown.
        p: two-sided, of no difference: t = mean / sqrt(video_se^2 + seed_se^2) with the degrees of
            freedom of Satterthwaite (1946).
        holm: `p` adjusted for all pairs of the experiment (Holm 1979).
        a_better, b_better: groups of test videos (single ones where there are no groups) on which
            that model did better over the common seeds; None for metrics that are no mean over
            videos.
        sign_p: exact two-sided test that both are equally likely. With one seed and no groups this
            is McNemar's exact test.
    """

    difference: PairedDifference
    video_se: float
    seed_se: float | None
    p: float
    holm: float
    a_better: int | None
    b_better: int | None
    sign_p: float | None

    @property
    def standard_error(self) -> float:
        """Of both variances together."""
        return float(np.hypot(self.video_se, self.seed_se or 0.0))

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
    """
    found = {}
    for a, b in combinations(resampled, 2):
        difference = paired(resampled[a], resampled[b], n)
        if difference is not None:
            found[a, b] = _compare(resampled[a], resampled[b], difference)
    adjusted = holm([one.p for one in found.values()])
    return {
        pair: replace(one, holm=p) for (pair, one), p in zip(found.items(), adjusted, strict=True)
    }


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
        >>> mcnemar(1, 5)
        0.21875
    """
    return min(1.0, 2.0 * float(bdtr(min(a_only, b_only), a_only + b_only, 0.5)))


def detectable(standard_error: float) -> float:
    """The difference that a two-sided test at 5 % finds with a chance of 80 %.

    Example:
        >>> round(detectable(1.0), 3)
        2.802
    """
    return float(standard_error * (ndtri(1 - SIZE / 2) + ndtri(POWER)))


def t_test(mean: float, video_se: float, groups: int, seed_se: float | None, seeds: int) -> float:
    """Two-sided p-value of no difference, see `Comparison.p`; 1 where nothing varies or differs."""
    parts = [(video_se**2, groups - 1), ((seed_se or 0.0) ** 2, seeds - 1)]
    total = sum(variance for variance, _ in parts)
    if total == 0:
        return 1.0 if mean == 0 else 0.0
    scale = sum(variance**2 / freedom for variance, freedom in parts if freedom > 0)
    if scale == 0:
        return 1.0
    return float(2.0 * stdtr(total**2 / scale, -abs(mean) / np.sqrt(total)))


def _compare(a: Resampled, b: Resampled, difference: PairedDifference) -> Comparison:
    seeds = sorted(set(a.seeds) & set(b.seeds))
    rows_a, rows_b = ([r.seeds.index(s) for s in seeds] for r in (a, b))
    replicates = (a.replicates[rows_a] - b.replicates[rows_b]).mean(axis=0)
    values = a.values[rows_a] - b.values[rows_b]
    video_se = float(replicates.std(ddof=1))
    seed_se = float(values.std(ddof=1) / np.sqrt(len(seeds))) if len(seeds) > 1 else None
    p = t_test(difference.mean, video_se, a.groups, seed_se, len(seeds))
    if a.per_group is None or b.per_group is None:
        return Comparison(difference, video_se, seed_se, p, p, None, None, None)
    sums = np.round((a.per_group[rows_a] - b.per_group[rows_b]).sum(axis=0), 9)
    better, worse = int((sums > 0).sum()), int((sums < 0).sum())
    sign_p = mcnemar(better, worse)
    return Comparison(difference, video_se, seed_se, p, p, better, worse, sign_p)
