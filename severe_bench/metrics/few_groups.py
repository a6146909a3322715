"""Intervals where the test videos are of few groups only.

Resampling three groups gives a spread that is too small by a factor of sqrt(2/3), and percentiles
of ten values at most. With few groups the interval is therefore the value ± Student's t times the
standard error, G - 1 degrees of freedom for G groups; with fewer than `FEWEST` there is none.

Simulation chose both bounds (docs/statistics.md): percentiles leave out the truth in 20 to 40 % of
worlds of 2 to 4 groups, 10 % at 10, 7 % at 30, 6 % from 40 on; t keeps 5 % from 3 groups on, but
not with two, which are too often equal by chance.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtrit

from severe_bench.core.errors import UserError

LEVEL = 0.95
FEWEST = 3
"""Groups below which nothing is said of the spread over test videos."""
ROUNDING = 1e-9
"""Relative to the value; resamples that differ by less are one."""
FEW = 40
"""Groups below which intervals are by Student's t; from it on, percentiles of resamples."""

Floats = NDArray[np.float64]


def require_groups(groups: int, samples: int) -> None:
    """Refuse to tell the spread over test videos from too few groups.

    Raises:
        UserError: fewer than `FEWEST`.
    """
    if groups < FEWEST:
        what = f"its {samples} test videos are of {groups} group{'s' * (groups != 1)}"
        raise UserError(f"{what}; it takes {FEWEST} to tell how far another test set would differ")


def standard_errors(replicates: Floats, groups: int) -> Floats:
    """Standard deviation of resamples (..., R) -> (...,), unbiased where groups are few."""
    spread = np.asarray(replicates.std(axis=-1, ddof=1))
    return spread * _shrinkage(groups) if groups < FEW else spread


def around(value: Floats, error: Floats, freedom: Floats | float) -> Floats:
    """The interval by Student's t: (...,) each -> (..., 2)."""
    reach = stdtrit(freedom, (1 + LEVEL) / 2) * error
    return np.stack([value - reach, value + reach], axis=-1)


def all_agree(replicates: Floats, values: Floats) -> NDArray[np.bool_]:
    """Whether all resamples (K, R) of each value (K,) are one, but for rounding: (K,).

    They have no spread then because all groups are alike, which says little of other groups.
    """
    spread: NDArray[np.bool_] = np.ptp(replicates, axis=1) <= ROUNDING * np.maximum(
        1.0, np.abs(values)
    )
    return spread


def equal_groups(
    values: Floats, groups: int, limits: tuple[float, float], miss: float = 1 - LEVEL
) -> Floats:
    """Exact intervals of means whose groups all gave the same: (K,) -> (K, 2).

    Such a test set says nothing of the spread, but that other outcomes are rare: outcomes with a
    share of less than 1 - 0.05^(1/G) of all groups are seen in none of G with a chance above 5 %
    ("rule of three", about 3/G; one minus the one-sided bound of Clopper and Pearson 1934). At
    worst that share lies at either end of what the metric can be.

    Args:
        values: what all groups gave.
        groups: G.
        limits: least and greatest value of the metric; an interval reaches to infinite ones.
        miss: chance of missing more others than that; half of it where either end can be wrong.

    Example:
        >>> equal_groups(np.array([100.0]), 10, (0.0, 100.0)).round(1).tolist()
        [[74.1, 100.0]]
    """
    unseen = 1 - miss ** (1 / groups)
    ends = np.array(limits)
    return np.asarray((1 - unseen) * values[:, None] + unseen * ends)


def equal_differences_p(difference: float, groups: int, largest: float) -> float:
    """Two-sided p of no difference where all groups show the very same one.

    If two models are equally good, other groups make up for such a one. No group makes up for more
    than `largest`, so that at most a share of R / (|d| + R) of all shows d, and G drawn ones do so
    with at most the G-th power of that. Where d is the largest, this is the sign test, 2 / 2^G
    (Conover 1999, section 3.4); the interval by `equal_groups` with half of 5 % on either side
    leaves out zero where p < 5 %.

    Args:
        difference: d, of every group.
        groups: G.
        largest: R, what two values of the metric can differ by; p is 1 where that has no end.

    Example:
        >>> equal_differences_p(100.0, 10, 100.0), equal_differences_p(0.0, 10, 100.0)
        (0.001953125, 1.0)
    """
    share = 1 / (1 + abs(difference) / largest)
    return float(min(1.0, 2 * share**groups))


def widened(replicates: Floats, values: Floats, groups: int, limits: tuple[float, float]) -> Floats:
    """Resamples (K, R) as far from the values (K,) as their intervals reach; as they are with many.

    Args:
        replicates: of a metric, on resampled test sets.
        values: on the test set as it is.
        groups: G, `FEWEST` or more.
        limits: least and greatest value of the metric.
    """
    if groups >= FEW:
        return replicates
    factor = _shrinkage(groups) * stdtrit(groups - 1, (1 + LEVEL) / 2) / ndtri((1 + LEVEL) / 2)
    return np.asarray(np.clip(values[:, None] + factor * (replicates - values[:, None]), *limits))


def _shrinkage(groups: int) -> float:
    return float(np.sqrt(groups / (groups - 1)))
